//! How long an onboarding takes in round trips, against the local AWS: `cargo bench --bench onboard --profile dev`.
//!
//! Prints for each case and round trip the wall time (median), this machine's own work (the same with no latency, in turns
//! with it), the difference in trips, the longest chain of calls, the ratio to the floor, and how many calls were made.
//! `-- --trace` prints every call of one onboarding with its start and end; `-- --samples 9`; `-- --latency 200ms`.
//! See docs/performance.md.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use genkan::app::LocalPlatform;
use genkan::model::RequestState;
use genkan::model::plan::Direction;
use genkan::requests::Desk;
use genkan::requests::carry_out::CarriedOut;
use genkan::requests::plan::Wish;
use genkan::requests::see_through::Stay;
use genkan::requests::submit::Submitted;
use genkan::sandbox::log::Call;
use tokio::sync::watch;

type Failed = Box<dyn std::error::Error>;

/// The project that is measured.
const PROJECT: &str = "project-x";
/// The one that was onboarded before it, where there is one.
const EARLIER: &str = "project-y";
/// One whose zone is in an account of its own, so that three accounts take part: secret, zone and project.
const ENVIRONMENT: &str = "staging";

/// The longest chain of calls of which each needs the one before: AssumeRole, since a session is one request's, GetParameter,
/// authorise, associate, withdraw.
const FLOOR: u32 = 5;

/// What is at hand when the onboarding begins.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    /// A new process; nothing was ever onboarded into the account.
    ColdFirst,
    /// A new process; another one onboarded another project into the same account before.
    Cold,
    /// This process has just onboarded another project into the same account.
    Warm,
}

impl Case {
    const ALL: [Self; 3] = [Self::ColdFirst, Self::Cold, Self::Warm];

    const fn name(self) -> &'static str {
        match self {
            Self::ColdFirst => "cold, first of its account",
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }

    /// The longest chain that the tool promises; see docs/performance.md for what is in it.
    const fn promised(self) -> u32 {
        match self {
            Self::ColdFirst => 9,
            Self::Cold | Self::Warm => 7,
        }
    }
}

/// One onboarding.
struct Sample {
    wall: Duration,
    calls: Vec<Call>,
    again: Vec<Call>,
}

struct Options {
    trace: bool,
    samples: usize,
    round_trips: Vec<Duration>,
}

impl Options {
    fn read() -> Result<Self, Failed> {
        let mut options = Self { trace: false, samples: 5, round_trips: vec![] };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--trace" => options.trace = true,
                "--samples" => options.samples = value()?.parse::<usize>()?.max(1),
                "--latency" => {
                    let millis = value()?.trim_end_matches("ms").parse()?;
                    options.round_trips.push(Duration::from_millis(millis));
                }
                // Said by cargo.
                "--bench" => {}
                other => return Err(format!("there is no {other}: see the first lines of benches/onboard.rs").into()),
            }
        }
        if options.round_trips.is_empty() {
            options.round_trips = [20, 80].map(Duration::from_millis).to_vec();
        }
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let options = Options::read()?;
    if options.trace {
        let round_trip = *options.round_trips.last().unwrap_or(&Duration::ZERO);
        for case in Case::ALL {
            trace(case, round_trip, &sample(case, round_trip).await?);
        }
        return Ok(());
    }
    println!(
        "{:<27} {:>5} {:>7} {:>9} {:>6} {:>10} {:>6} {:>6} {:>6} {:>6} {:>9} {:>11} {:>6}",
        "case",
        "RTT",
        "wall",
        "own work",
        "trips",
        "wall/floor",
        "chain",
        "floor",
        "ratio",
        "calls",
        "changing",
        "AssumeRole",
        "again"
    );
    for case in Case::ALL {
        for &round_trip in &options.round_trips {
            row(case, round_trip, options.samples).await?;
        }
    }
    Ok(())
}

/// Measures one case at one round trip, and prints what came of it.
async fn row(case: Case, round_trip: Duration, samples: usize) -> Result<(), Failed> {
    let [mut at_once, mut delayed] = [vec![], vec![]];
    for _ in 0..samples {
        at_once.push(sample(case, Duration::ZERO).await?);
        delayed.push(sample(case, round_trip).await?);
    }
    // A busy machine can put calls apart that could have gone together, but not in every sample.
    let chain = delayed.iter().map(|sample| chain(&sample.calls, round_trip)).min().unwrap_or(0);
    if chain > case.promised() {
        return Err(format!("{}: a chain of {chain} calls, {} are promised", case.name(), case.promised()).into());
    }
    let (own_work, typical) = (median(at_once), median(delayed));
    let trips = |wall: Duration| wall.as_secs_f64() / round_trip.as_secs_f64();
    let of = |what: fn(&Call) -> bool| typical.calls.iter().filter(|call| what(call)).count();
    println!(
        "{:<27} {:>3}ms {:>5}ms {:>7}ms {:>6.2} {:>10.2} {:>6} {:>6} {:>6.2} {:>6} {:>9} {:>11} {:>6}",
        case.name(),
        round_trip.as_millis(),
        typical.wall.as_millis(),
        own_work.wall.as_millis(),
        trips(typical.wall.saturating_sub(own_work.wall)),
        trips(typical.wall) / f64::from(FLOOR),
        chain,
        FLOOR,
        f64::from(chain) / f64::from(FLOOR),
        typical.calls.len(),
        of(|call| call.changing),
        of(|call| call.operation == "AssumeRole"),
        typical.again.len(),
    );
    Ok(())
}

/// The sample whose wall time is in the middle.
fn median(mut samples: Vec<Sample>) -> Sample {
    samples.sort_by_key(|sample| sample.wall);
    let middle = samples.len() / 2;
    samples.swap_remove(middle)
}

/// Sets a stage, onboards, and onboards the very same again.
async fn sample(case: Case, round_trip: Duration) -> Result<Sample, Failed> {
    let folder = tempfile::tempdir()?;
    let mut platform = LocalPlatform::start(folder.path(), &[PROJECT, EARLIER]).await?;
    let environment = platform.config.environments.get_mut(&ENVIRONMENT.parse()?).ok_or("no such environment")?;
    environment.approvals = 0;
    let mut desk = platform.desk().await?;
    if case != Case::ColdFirst {
        onboard(&desk, EARLIER).await?;
    }
    if case == Case::Cold {
        desk = platform.desk().await?;
    }
    platform.aws.faults().set_latency(round_trip);
    let mark = platform.aws.log().mark();
    let begun = Instant::now();
    if !onboard(&desk, PROJECT).await? {
        return Err("there was nothing to do".into());
    }
    let wall = begun.elapsed();
    let calls = platform.aws.log().calls_since(mark);
    let mark = platform.aws.log().mark();
    if onboard(&desk, PROJECT).await? {
        return Err("the second onboarding found something to do".into());
    }
    let again = platform.aws.log().calls_since(mark);
    if let Some(call) = again.iter().find(|call| call.changing) {
        return Err(format!("the second onboarding changed something: {}", call.action()).into());
    }
    Ok(Sample { wall, calls, again })
}

/// From the wish to the end; false: there was nothing to do.
async fn onboard(desk: &Desk, project: &str) -> Result<bool, Failed> {
    let (_running, stop) = watch::channel(false);
    let person = desk.who(Some("aiko")).await?;
    let wish = Wish {
        direction: Direction::Onboard,
        project: project.to_owned(),
        environment: ENVIRONMENT.to_owned(),
        adopt: vec![],
        repository: None,
        delete_data: false,
        at_once: true,
    };
    let prepared = desk.plan(&person, &wish).await?;
    let request = match desk.submit(&person, &prepared, None).await? {
        Submitted::NothingToDo => return Ok(false),
        Submitted::Request(request) => request,
    };
    match desk.see_through(&request.id, Some(prepared), Stay::UntilItWaits, stop).await? {
        CarriedOut::Ended(RequestState::Done) => Ok(true),
        stands => {
            Err(format!("{project} was not onboarded: {stands:?}; {:?}", desk.show(&request.id).await?.steps).into())
        }
    }
}

/// When the caller had a call's answer at the earliest: the local AWS holds it back until the round trip is over.
fn answered(call: &Call, round_trip: Duration) -> SystemTime {
    call.at.max(call.begun + round_trip)
}

/// How many calls the longest chain has in which each began after the one before was answered. A call that waited for
/// nothing but happened to begin later counts as well, so that this is never less than what depends on each other.
fn chain(calls: &[Call], round_trip: Duration) -> u32 {
    let mut calls: Vec<&Call> = calls.iter().collect();
    calls.sort_by_key(|call| call.begun);
    let mut longest: Vec<u32> = Vec::with_capacity(calls.len());
    for call in &calls {
        let before = calls.iter().zip(&longest).filter(|(other, _)| answered(other, round_trip) <= call.begun);
        longest.push(1 + before.map(|(_, length)| *length).max().unwrap_or(0));
    }
    longest.into_iter().max().unwrap_or(0)
}

fn trace(case: Case, round_trip: Duration, sample: &Sample) {
    println!("{} at {} ms: {} ms", case.name(), round_trip.as_millis(), sample.wall.as_millis());
    let mut calls: Vec<&Call> = sample.calls.iter().collect();
    calls.sort_by_key(|call| call.begun);
    let Some(first) = calls.first().map(|call| call.begun) else { return };
    let since = |at: SystemTime| at.duration_since(first).unwrap_or_default().as_millis();
    for call in &calls {
        let (begun, ended) = (since(call.begun), since(answered(call, round_trip)));
        let trip = begun.checked_div(round_trip.as_millis()).unwrap_or_default();
        let role =
            call.caller.as_deref().and_then(|arn| arn.split(":assumed-role/").nth(1)).unwrap_or("the tool itself");
        let what = if call.changing { "*" } else { " " };
        println!("{begun:>6} {ended:>6} {:>bar$}{what}{:<55} {role}", "", call.action(), bar = trip as usize * 2);
    }
    let mut again: BTreeMap<String, usize> = BTreeMap::new();
    for call in &sample.again {
        *again.entry(call.action()).or_default() += 1;
    }
    println!("again: {again:?}\n");
}
