//! How a call is sent: to Discord through serenity's rate limiter, or to a local Discord; once, or again where that does no harm.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serenity::http::{Http, HttpBuilder, LightMethod, Request, Route};
use tokio::sync::watch;

use super::error::RestError;

/// How long one call may take, from asking the rate limiter to the last byte of the answer.
const CALL: Duration = Duration::from_secs(20);

/// How long the answer to one request may take, once it was sent.
const ANSWER: Duration = Duration::from_secs(10);

/// How often a call is tried again.
const AGAIN: usize = 4;

/// The longest pause that Discord can ask for and is waited out here; for a longer one the caller decides.
const PATIENCE: Duration = Duration::from_secs(15);

/// What sends.
pub(super) struct Wire {
    /// serenity's client: the token, and against Discord itself its rate limiter.
    http: Http,
    /// The connections: serenity's own client would wait for an answer without end, and follow redirects with the token.
    client: reqwest::Client,
    /// The local Discord.
    api: Option<String>,
    /// Turns true when Discord does not accept the token.
    unauthorised: watch::Sender<bool>,
}

/// One call.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: LightMethod,
    pub(super) route: Route<'a>,
    pub(super) body: Option<&'a Value>,
    pub(super) parameter: Option<(&'static str, &'static str)>,
}

impl<'a> Call<'a> {
    pub(super) const fn get(route: Route<'a>) -> Self {
        Self { method: LightMethod::Get, route, body: None, parameter: None }
    }

    pub(super) const fn delete(route: Route<'a>) -> Self {
        Self { method: LightMethod::Delete, route, body: None, parameter: None }
    }

    pub(super) const fn with(method: LightMethod, route: Route<'a>, body: &'a Value) -> Self {
        Self { method, route, body: Some(body), parameter: None }
    }

    fn request(&self) -> Request<'a> {
        let body = self.body.map(|body| body.to_string().into_bytes());
        let parameters = self.parameter.map(|(name, value)| vec![(name, value.to_owned())]);
        Request::new(self.route, self.method).body(body).params(parameters)
    }
}

impl Wire {
    /// Connections as both Discord and a local one need them.
    pub(super) fn client(local: bool) -> Result<reqwest::Client, RestError> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER)
            .connect_timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none());
        let client = if local { client.no_proxy() } else { client.tls_backend_native() };
        client.build().map_err(|_| RestError::Wrong("this system has no TLS that works".to_owned()))
    }

    pub(super) fn new(client: reqwest::Client, api: Option<&str>, token: &SecretString) -> Self {
        let http = http(&client, api, token.expose_secret());
        Self { http, client, api: api.map(str::to_owned), unauthorised: watch::Sender::new(false) }
    }

    /// Another of serenity's clients, for the gateway, with connections of its own.
    pub(super) fn another(&self) -> Result<Http, RestError> {
        Ok(http(&Self::client(self.api.is_some())?, self.api.as_deref(), self.http.token()))
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    pub(super) const fn is_local(&self) -> bool {
        self.api.is_some()
    }

    /// Turns true when Discord does not accept the token; then nothing is sent any more.
    pub(super) fn unauthorised(&self) -> watch::Receiver<bool> {
        self.unauthorised.subscribe()
    }

    /// Sends once, through the rate limiter where there is one, and returns the answer: null where it is empty.
    pub(super) async fn once(&self, call: Call<'_>) -> Result<Value, RestError> {
        let sent = async {
            match &self.http.ratelimiter {
                // Unlike `Http::request` this gives refusals as they came, with what they say of when to try again.
                Some(limiter) => limiter.perform(call.request()).await.map_err(|error| RestError::unanswered(&error)),
                None => self.direct(call).await,
            }
        };
        self.answer(sent, CALL).await
    }

    /// Sends once, past the rate limiter: answers to interactions are outside the global limit, and each interaction would leave a
    /// bucket of its own in the limiter for good.
    pub(super) async fn at_once(&self, call: Call<'_>, within: Duration) -> Result<Value, RestError> {
        self.answer(self.direct(call), within).await
    }

    /// Sends, and sends again where it may work later. Only for what does no harm if it was done before.
    pub(super) async fn again(&self, call: Call<'_>) -> Result<Value, RestError> {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(4))
            .with_max_times(AGAIN);
        (|| self.once(call))
            .retry(pauses)
            .when(RestError::is_passing)
            .adjust(pause)
            .notify(|error, pause| tracing::warn!(%error, ?pause, "Discord is asked again"))
            .await
    }

    async fn direct(&self, call: Call<'_>) -> Result<reqwest::Response, RestError> {
        let request = call.request().build(&self.client, self.http.token(), self.api.as_deref());
        let request = request.map_err(|error| RestError::unanswered(&error))?;
        request.send().await.map_err(|error| RestError::unsent(&error))
    }

    async fn answer(
        &self,
        sent: impl Future<Output = Result<reqwest::Response, RestError>>,
        within: Duration,
    ) -> Result<Value, RestError> {
        if *self.unauthorised.borrow() {
            return Err(RestError::Unauthorised);
        }
        let answer = async {
            let response = sent.await?;
            let status = response.status();
            let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            let after = after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let body = response.bytes().await.map_err(|error| RestError::unsent(&error))?;
            if !status.is_success() {
                return Err(RestError::answered(status.as_u16(), after, &body));
            }
            if body.is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_slice(&body).map_err(|_| RestError::Wrong("its answer is not JSON".to_owned()))
        };
        let answer = tokio::time::timeout(within, answer).await;
        let answer = answer.unwrap_or_else(|_| Err(RestError::passing("no answer in time")));
        if answer == Err(RestError::Unauthorised) {
            self.unauthorised.send_replace(true);
        }
        answer
    }
}

/// serenity's client. Its proxy counts only without its rate limiter (serenity #1739): against a local Discord that is off.
fn http(client: &reqwest::Client, api: Option<&str>, token: &str) -> Http {
    let http = HttpBuilder::new(token).client(client.clone());
    match api {
        Some(api) => http.proxy(api).ratelimiter_disabled(true).build(),
        None => http.build(),
    }
}

/// How long to wait before the next try: as long as Discord says, if that is bearable; at least as long as planned.
fn pause(error: &RestError, planned: Option<Duration>) -> Option<Duration> {
    let planned = planned?;
    match error {
        RestError::Passing { after: Some(after), .. } => (*after <= PATIENCE).then(|| planned.max(*after)),
        _ => Some(planned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_try_waits_as_long_as_discord_says() {
        let of = |after| RestError::Passing { why: "slow".to_owned(), after };
        let (short, long) = (Duration::from_millis(300), Duration::from_secs(3));
        assert_eq!(pause(&of(Some(long)), Some(short)), Some(long));
        assert_eq!(pause(&of(Some(short)), Some(long)), Some(long), "no sooner than planned");
        assert_eq!(pause(&of(None), Some(short)), Some(short));
        assert_eq!(pause(&of(Some(Duration::from_mins(1))), Some(short)), None, "that is for the caller to decide");
        assert_eq!(pause(&of(Some(short)), None), None, "the last try was the last");
    }
}
