//! What the services share: reading inputs, IAM checks with condition keys, pages, the time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use awsim_core::{ContextValue, IamCheck, RequestContext};
use serde_json::Value;

pub(super) use super::super::refusal::error;

/// The text of a field; an empty one counts as absent.
pub(super) fn text<'a>(input: &'a Value, field: &str) -> Option<&'a str> {
    input.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A list as the XML parser leaves it: nothing, one element by itself, or an array.
pub(super) fn many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(one) => vec![one],
    }
}

/// `(key, value)` of each tag of a list whose entries are `{Key, Value}`.
pub(super) fn tags(list: Option<&Value>) -> Vec<(String, String)> {
    let pair =
        |tag: &&Value| Some((text(tag, "Key")?.to_owned(), tag["Value"].as_str().unwrap_or_default().to_owned()));
    many(list).iter().filter_map(pair).collect()
}

/// An IAM check that can be given condition keys one after the other.
pub(super) struct Check(IamCheck);

impl Check {
    /// `action` is the IAM action, `resource` the ARN or `*`.
    pub(super) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self(IamCheck::new(action, resource))
    }

    /// Adds a condition key of one value; none where the request has none.
    pub(super) fn key(mut self, key: &str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value {
            self.0.context.insert(key.to_owned(), ContextValue::String(value.into()));
        }
        self
    }

    /// Adds a condition key that is true or false.
    pub(super) fn flag(mut self, key: &str, value: bool) -> Self {
        self.0.context.insert(key.to_owned(), ContextValue::Bool(value));
        self
    }

    /// Adds a condition key of several values; none where there are none.
    pub(super) fn keys(mut self, key: &str, values: Vec<String>) -> Self {
        if !values.is_empty() {
            self.0.context.insert(key.to_owned(), ContextValue::StringList(values));
        }
        self
    }

    /// Adds `aws:RequestTag/…` and `aws:TagKeys` for the tags of the request.
    pub(super) fn request_tags(self, tags: &[(String, String)]) -> Self {
        let check = self.keys("aws:TagKeys", tags.iter().map(|(key, _)| key.clone()).collect());
        tags.iter().fold(check, |check, (key, value)| check.key(&format!("aws:RequestTag/{key}"), Some(value)))
    }

    /// Adds `aws:ResourceTag/…` and the service's own `…:ResourceTag/…` for the tags of the resource.
    pub(super) fn resource_tags<'a>(
        self,
        service: &str,
        tags: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        tags.into_iter().fold(self, |check, (key, value)| {
            check
                .key(&format!("aws:ResourceTag/{key}"), Some(value))
                .key(&format!("{service}:ResourceTag/{key}"), Some(value))
        })
    }

    /// The finished check.
    pub(super) fn done(self) -> IamCheck {
        self.0
    }
}

/// `arn:aws:SERVICE:REGION:ACCOUNT:REST` in the caller's region and account.
pub(super) fn arn(ctx: &RequestContext, service: &str, rest: &str) -> String {
    format!("{}:{rest}", ctx.arn_prefix(service))
}

/// The first `max` of `items` that come after the one that `token` names, and the next page's token.
/// A token is the hexadecimal form of the last item's key; `None` for one that is not of ours.
pub(super) fn page<T: Clone>(
    items: &[T],
    key: impl Fn(&T) -> String,
    token: Option<&str>,
    max: usize,
) -> Option<(Vec<T>, Option<String>)> {
    let start = match token {
        None => 0,
        Some(token) => {
            let last = String::from_utf8(hex::decode(token).ok()?).ok()?;
            items.iter().position(|item| key(item) == last)? + 1
        }
    };
    let page: Vec<T> = items.iter().skip(start).take(max).cloned().collect();
    let more = start + page.len() < items.len();
    let next = page.last().filter(|_| more).map(|last| hex::encode(key(last)));
    Some((page, next))
}

/// Now, as AWS writes it in XML.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Takes a lock; a panic of another holder does not make the local AWS unusable.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `length` capital letters and digits, made up.
pub(super) fn made_up(length: usize) -> String {
    let digits = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    digits.to_uppercase().chars().take(length).collect()
}
