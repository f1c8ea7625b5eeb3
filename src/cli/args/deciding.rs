//! What can be typed about a request that there is: approve, withdraw, reject, cancel, retry.

use clap::Args;

use super::Going;

/// `genkan approve`
#[derive(Debug, Args)]
pub struct ApproveArguments {
    /// The request's id, or as much of its beginning as only one request has.
    pub request: String,
    /// The step, by its name in the plan; may be left out where only one waits.
    pub step: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub going: Going,
    /// Approve only if the step's digest begins with this (8 characters or more): for what was shown elsewhere.
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<String>,
}

/// `genkan withdraw`
#[derive(Debug, Args)]
pub struct WithdrawArguments {
    /// The request's id, or as much of its beginning as only one request has.
    pub request: String,
    /// The step, by its name in the plan; may be left out where you have approved only one.
    pub step: Option<String>,
}

/// `genkan reject`
#[derive(Debug, Args)]
pub struct ReasonArguments {
    /// The request's id, or as much of its beginning as only one request has.
    pub request: String,
    /// Why.
    #[arg(long)]
    pub reason: String,
}

/// `genkan cancel`
#[derive(Debug, Args)]
pub struct CancelArguments {
    /// The request's id, or as much of its beginning as only one request has.
    pub request: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `genkan retry`
#[derive(Debug, Args)]
pub struct RetryArguments {
    /// The request's id, or as much of its beginning as only one request has.
    pub request: String,
    /// Stay until the request has ended, also while it waits for an approval or for something to appear.
    #[arg(long)]
    pub wait: bool,
}
