//! What Discord refused, sorted by what to do next. Holds neither token nor address: those stand in what was sent, not here.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// How much of Discord's own words is kept.
const LONGEST: usize = 300;

/// What Discord refused, by what to do next. Holds neither token nor address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The interaction is unknown or too old, was acknowledged already, or its token has expired (10062, 40060, 50027, 10015):
    /// nothing more can be done through it.
    #[error("the interaction cannot be answered any more (Discord's code {0})")]
    TooLate(isize),
    /// The message, channel, server or member is not there (10003, 10004, 10007, 10008, 10013).
    #[error("it is not there any more (Discord's code {0})")]
    Gone(isize),
    /// The bot may not do that there (403, 50001, 50013).
    #[error("the bot may not: {0}")]
    Forbidden(String),
    /// The bot's token is not valid (401). Nothing more is sent: 10,000 such requests in ten minutes ban the address (Discord's
    /// documentation, Rate Limits, Invalid Request Limit).
    #[error("Discord does not accept the bot's token")]
    Unauthorised,
    /// It may work later: throttled for longer than was waited, a server's error, no connection.
    #[error("Discord could not be reached or had no time: {why}")]
    Passing {
        /// In words, without an address.
        why: String,
        /// When to try again, where Discord said.
        after: Option<Duration>,
    },
    /// The request was not well formed: a fault of ours.
    #[error("Discord refused what was sent: {0}")]
    Wrong(String),
}

impl RestError {
    /// Whether the same may work later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Passing { .. })
    }

    /// Something that may work later; nothing is known of when.
    pub(super) fn passing(why: impl Into<String>) -> Self {
        Self::Passing { why: why.into(), after: None }
    }

    /// What an answer without success means. `after`: its header `Retry-After`.
    pub(super) fn answered(status: u16, after: Option<Duration>, body: &[u8]) -> Self {
        let told: Told = serde_json::from_slice(body).unwrap_or_default();
        match (status, told.code) {
            // 50027 comes with 401, and is about the interaction's token, not the bot's.
            (_, code @ (10_015 | 10_062 | 40_060 | 50_027)) => Self::TooLate(code),
            (401, _) => Self::Unauthorised,
            (_, code @ (10_003 | 10_004 | 10_007 | 10_008 | 10_013)) => Self::Gone(code),
            (429, _) => {
                let after = after.or_else(|| told.retry_after.and_then(|s| Duration::try_from_secs_f64(s).ok()));
                Self::Passing { why: SLOW_DOWN.to_owned(), after }
            }
            (408 | 500..=599, _) => Self::Passing { why: format!("it answered {status}"), after },
            (403, _) | (_, 50_001 | 50_013) => Self::Forbidden(told.in_words(status)),
            _ => Self::Wrong(told.in_words(status)),
        }
    }

    /// What a call without an answer means.
    pub(super) fn unanswered(error: &serenity::Error) -> Self {
        match error {
            serenity::Error::Http(serenity::http::HttpError::Request(error)) => Self::unsent(error),
            serenity::Error::Http(serenity::http::HttpError::InvalidHeader(_)) => Self::Unauthorised,
            _ => Self::Wrong("it could not be written as a request".to_owned()),
        }
    }

    /// What a request's failure means. The error itself names the address: it is only asked what it is.
    pub(super) fn unsent(error: &reqwest::Error) -> Self {
        Self::passing(match error {
            error if error.is_connect() => NO_CONNECTION,
            error if error.is_timeout() => "no answer in time",
            error if error.is_body() || error.is_decode() => "the answer broke off",
            _ => "the connection broke off",
        })
    }

    /// Whether it is certain that nothing was done: there was no connection, or it was refused as too much.
    pub(super) fn did_nothing(&self) -> bool {
        match self {
            Self::Passing { why, .. } => [NO_CONNECTION, SLOW_DOWN].contains(&why.as_str()),
            _ => false,
        }
    }
}

const NO_CONNECTION: &str = "no connection";
const SLOW_DOWN: &str = "it asks to slow down (429)";

/// An error as Discord writes it (API Reference, Error Messages).
#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    code: isize,
    #[serde(default)]
    message: String,
    #[serde(default)]
    retry_after: Option<f64>,
    #[serde(default)]
    errors: Value,
}

impl Told {
    fn in_words(&self, status: u16) -> String {
        let mut details = Vec::new();
        flatten(&self.errors, "", &mut details);
        let details = if details.is_empty() { String::new() } else { format!(": {}", details.join("; ")) };
        let text = format!("{} (status {status}, code {}){details}", self.message, self.code);
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
    }
}

/// The leaves of the tree of errors, each as `path message`.
fn flatten(errors: &Value, path: &str, into: &mut Vec<String>) {
    let Some(fields) = errors.as_object() else { return };
    for (key, inner) in fields {
        if key == "_errors" {
            let said = inner.as_array().into_iter().flatten().filter_map(|error| error["message"].as_str());
            into.extend(said.map(|message| format!("{path} {message}")));
        } else {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            flatten(inner, &path, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> RestError {
        RestError::answered(status, None, body.as_bytes())
    }

    #[test]
    fn an_answer_is_sorted_by_what_to_do_next() {
        for code in [10_015, 10_062, 40_060, 50_027] {
            for status in [400, 401, 404] {
                let body = format!(r#"{{"code":{code},"message":"m"}}"#);
                assert_eq!(answered(status, &body), RestError::TooLate(code), "{status} {code}");
            }
        }
        assert_eq!(answered(404, r#"{"code":10008,"message":"Unknown Message"}"#), RestError::Gone(10_008));
        assert_eq!(answered(401, r#"{"code":0,"message":"401: Unauthorized"}"#), RestError::Unauthorised);
        assert_eq!(
            answered(403, r#"{"code":50013,"message":"Missing Permissions"}"#),
            RestError::Forbidden("Missing Permissions (status 403, code 50013)".to_owned())
        );
        assert!(answered(503, "<html>").is_passing() && answered(500, "").is_passing());
        assert!(matches!(answered(404, r#"{"code":0,"message":"404: Not Found"}"#), RestError::Wrong(_)));
    }

    #[test]
    fn slowing_down_says_for_how_long() {
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        let body = r#"{"message":"You are being rate limited.","retry_after":0.7,"global":false}"#;
        let of = |error| if let RestError::Passing { after, .. } = error { after } else { panic!("{error:?}") };
        assert_eq!(of(answered(429, body)), seconds(0.7));
        assert_eq!(of(RestError::answered(429, seconds(2.0), body.as_bytes())), seconds(2.0), "the header is first");
        assert_eq!(of(answered(429, "<html>a ban</html>")), None);
        assert_eq!(of(answered(429, r#"{"retry_after":-1}"#)), None);
        assert_eq!(of(answered(429, r#"{"retry_after":1e300}"#)), None);
    }

    #[test]
    fn what_was_wrong_is_told_with_its_place_and_never_at_length() {
        let body = r#"{"code":50035,"message":"Invalid Form Body","errors":{"embeds":{"0":{"title":{"_errors":
            [{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 256 or fewer in length."}]}}}}}"#;
        assert_eq!(
            answered(400, body),
            RestError::Wrong(
                "Invalid Form Body (status 400, code 50035): embeds.0.title Must be 256 or fewer in length.".to_owned()
            )
        );
        let long = format!(r#"{{"code":50035,"message":"{}\n"}}"#, "x".repeat(5000));
        let RestError::Wrong(text) = answered(400, &long) else { panic!("it is wrong") };
        assert!(text.len() == LONGEST && !text.contains('\n'), "{text}");
    }

    #[tokio::test]
    async fn a_failure_to_connect_names_no_address() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let failed = reqwest::Client::new().get(format!("http://{closed}/interactions/1/a-token")).send().await;
        let error = RestError::unsent(&failed.unwrap_err());
        assert_eq!(error, RestError::passing("no connection"));
        assert!(error.did_nothing() && !RestError::passing("it answered 503").did_nothing());
        assert!(!format!("{error} {error:?}").contains("a-token"));
    }
}
