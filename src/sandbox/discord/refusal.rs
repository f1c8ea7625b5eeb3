//! How Discord refuses: an HTTP status, its own code, a message, and for a malformed body a tree of what is wrong where.
//!
//! Codes: Discord's API reference, "Opcodes and Status Codes, JSON"; the tree: "API reference, Error Messages".

use std::time::Duration;

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: u64,
    pub message: String,
    pub errors: Option<Box<Value>>,
    pub too_many: Option<TooMany>,
}

/// What a 429 says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TooMany {
    pub after: Duration,
    pub global: bool,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u64, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), errors: None, too_many: None }
    }

    pub(crate) fn unauthorised() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(404, 0, "404: Not Found")
    }

    pub(crate) fn unknown_interaction() -> Self {
        Self::new(404, 10_062, "Unknown interaction")
    }

    pub(crate) fn acknowledged_already() -> Self {
        Self::new(400, 40_060, "Interaction has already been acknowledged.")
    }

    pub(crate) fn unknown_webhook() -> Self {
        Self::new(404, 10_015, "Unknown Webhook")
    }

    pub(crate) fn invalid_webhook_token() -> Self {
        Self::new(401, 50_027, "Invalid Webhook Token")
    }

    pub(crate) fn unknown_message() -> Self {
        Self::new(404, 10_008, "Unknown Message")
    }

    pub(crate) fn unknown_channel() -> Self {
        Self::new(404, 10_003, "Unknown Channel")
    }

    pub(crate) fn unknown_guild() -> Self {
        Self::new(404, 10_004, "Unknown Guild")
    }

    pub(crate) fn unknown_member() -> Self {
        Self::new(404, 10_007, "Unknown Member")
    }

    pub(crate) fn unknown_application() -> Self {
        Self::new(404, 10_002, "Unknown Application")
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(403, 50_001, "Missing Access")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(403, 50_013, "Missing Permissions")
    }

    pub(crate) fn not_the_author() -> Self {
        Self::new(403, 50_005, "Cannot edit a message authored by another user")
    }

    pub(crate) fn empty_message() -> Self {
        Self::new(400, 50_006, "Cannot send an empty message")
    }

    pub(crate) fn not_json() -> Self {
        Self::new(400, 50_109, "The request body contains invalid JSON.")
    }

    /// What this stand-in does not do, said plainly instead of done wrongly.
    pub(crate) fn not_served(what: &str) -> Self {
        Self::new(501, 0, &format!("the local Discord does not serve {what}"))
    }

    pub(crate) fn too_many(too_many: TooMany) -> Self {
        let message =
            if too_many.global { "The global rate limit is exceeded." } else { "You are being rate limited." };
        Self { too_many: Some(too_many), ..Self::new(429, 0, message) }
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "message": self.message });
        match (&self.too_many, &self.errors) {
            (Some(too_many), _) => {
                body["retry_after"] = json!(too_many.after.as_secs_f64());
                body["global"] = json!(too_many.global);
            }
            (None, errors) => {
                body["code"] = json!(self.code);
                if let Some(errors) = errors {
                    body["errors"] = (**errors).clone();
                }
            }
        }
        body
    }
}

/// What is wrong in a body, by its place in it.
#[derive(Debug, Default)]
pub(crate) struct Wrong(Vec<(String, &'static str, String)>);

impl Wrong {
    /// `at`: the path with dots, `embeds.0.title`; empty for the body as a whole.
    pub(crate) fn add(&mut self, at: &str, code: &'static str, message: impl Into<String>) {
        self.0.push((at.to_owned(), code, message.into()));
    }

    /// Wrong where the text is shorter or longer, in characters.
    pub(crate) fn length(&mut self, at: &str, text: &str, least: usize, most: usize) {
        let count = text.chars().count();
        if count > most && least == 0 {
            self.add(at, "BASE_TYPE_MAX_LENGTH", format!("Must be {most} or fewer in length."));
        } else if count < least || count > most {
            self.add(at, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."));
        }
    }

    /// Wrong where there are fewer or more.
    pub(crate) fn count(&mut self, at: &str, count: usize, least: usize, most: usize) {
        if count < least || count > most {
            self.add(at, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."));
        }
    }

    pub(crate) fn required(&mut self, at: &str) {
        self.add(at, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(crate) fn choices(&mut self, at: &str, choices: &str) {
        self.add(at, "BASE_TYPE_CHOICES", format!("Value must be one of {{{choices}}}."));
    }

    /// Refuses where anything is wrong.
    pub(crate) fn refuse(self) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut tree = Value::Object(Map::new());
        for (at, code, message) in self.0 {
            let mut place = &mut tree;
            for part in at.split('.').filter(|part| !part.is_empty()) {
                place = &mut place[part];
            }
            if place["_errors"].is_null() {
                place["_errors"] = json!([]);
            }
            if let Some(list) = place["_errors"].as_array_mut() {
                list.push(json!({ "code": code, "message": message }));
            }
        }
        Err(Refusal { errors: Some(Box::new(tree)), ..Refusal::new(400, 50_035, "Invalid Form Body") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_says_what_is_wrong_where() {
        let mut wrong = Wrong::default();
        wrong.length("embeds.0.title", &"x".repeat(257), 0, 256);
        wrong.required("content");
        let refusal = wrong.refuse().expect_err("two things are wrong");
        assert_eq!(
            refusal.body(),
            json!({"code": 50035, "message": "Invalid Form Body", "errors": {
                "embeds": {"0": {"title": {"_errors": [
                    {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}}},
                "content": {"_errors": [{"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}]},
            }})
        );
        Wrong::default().refuse().expect("nothing is wrong");
    }
}
