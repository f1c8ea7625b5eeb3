//! A crash matrix: every journal append and every changing AWS call of an onboarding and a teardown is a point at which the process
//! dies, before it takes effect or after it when nobody has heard of it. Another process takes up what was left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use genkan::model::{Direction, RequestId, RequestState};
use genkan::sandbox::Inventory;
use regex::Regex;

use crate::house::{House, Process, wish};
use crate::ledger::compare;
use crate::tap::{Point, Side, Trap};

/// How many houses stand at once.
const AT_ONCE: usize = 8;

/// What must have succeeded once each (per resource) when a project has been let in, however often a process died.
const ONCE: [(&str, usize); 5] = [
    ("secretsmanager:CreateSecret", 1),
    ("secretsmanager:PutSecretValue", 0),
    ("ecr:CreateRepository", 1),
    ("s3:CreateBucket", 2),
    ("route53:AssociateVPCWithHostedZone", 1),
];

/// What must have succeeded once each when it has been shown out.
const GONE_ONCE: [(&str, usize); 4] = [
    ("secretsmanager:DeleteSecret", 1),
    ("ecr:DeleteRepository", 1),
    ("codebuild:DeleteSourceCredentials", 1),
    ("route53:DisassociateVPCFromHostedZone", 1),
];

/// A run without a crash.
struct Recorded {
    points: BTreeMap<&'static str, Vec<Point>>,
    after: BTreeMap<&'static str, BTreeSet<String>>,
}

const LEGS: [(&str, Direction); 2] = [("onboard", Direction::Onboard), ("teardown", Direction::Teardown)];

async fn ask(process: &Process, direction: Direction) -> RequestId {
    process.ask("aiko", &wish(direction, "project-x", "dev")).await.expect("asked").expect("something to do")
}

/// What is there that was not there before. Versions differ from house to house, and so does how often a credential was imported.
fn added(before: &Inventory, after: &Inventory) -> BTreeSet<String> {
    let differs = Regex::new(r"version [0-9a-f-]{36}|import \d+$").expect("a pattern");
    let diff = before.diff(after);
    assert!(diff.removed.is_empty(), "{diff}");
    diff.added.iter().map(|(account, line)| format!("{account} {}", differs.replace(line, "…"))).collect()
}

async fn record() -> Recorded {
    let house = House::new().await;
    let before = house.inventory();
    let mut recorded = Recorded { points: BTreeMap::new(), after: BTreeMap::new() };
    for (leg, direction) in LEGS {
        let process = house.start().await;
        let id = ask(&process, direction).await;
        assert_eq!(process.see_through(&house, &id).await, RequestState::Done);
        recorded.points.insert(leg, process.trap.passed());
        recorded.after.insert(leg, added(&before, &house.inventory()));
    }
    assert!(recorded.after["onboard"].len() > recorded.after["teardown"].len());
    recorded
}

/// A process asks and works until it dies at `point`; its lease has not run out yet.
async fn die_at(house: &House, direction: Direction, point: &Point) -> (RequestId, Process) {
    let process = house.process(Trap::armed(Some(point.clone()))).await;
    let id = ask(&process, direction).await;
    let survived = process.trap.survive(process.see_through(house, &id)).await;
    assert_eq!(survived, None, "{point} was not reached");
    assert_eq!(process.trap.died().as_ref(), Some(point), "it died of something else");
    (id, process)
}

/// Another process takes up what a dead one left.
async fn successor(house: &House, dead: Process) -> Process {
    house.lease_runs_out(&dead).await;
    drop(dead);
    let process = house.start().await;
    process.desk.sweep().await.expect("swept");
    process
}

/// Dies at one point of each leg, goes on, and compares with the run in which nothing died.
async fn crash_and_resume(points: Vec<(usize, Point)>, recorded: Arc<Recorded>) -> Vec<Point> {
    let house = House::new().await;
    let before = house.inventory();
    let mut hit = Vec::new();
    for (at, (leg, direction)) in LEGS.into_iter().enumerate() {
        let point = points.iter().find(|(of, _)| *of == at).map(|(_, point)| point);
        let (id, process) = if let Some(point) = point {
            let (id, dead) = die_at(&house, direction, point).await;
            hit.push(point.clone());
            (id, successor(&house, dead).await)
        } else {
            let process = house.start().await;
            (ask(&process, direction).await, process)
        };
        assert_eq!(process.see_through(&house, &id).await, RequestState::Done, "{point:?}");
        assert_eq!(added(&before, &house.inventory()), recorded.after[leg], "{point:?}");
        assert_eq!(house.authorisations(), [""; 0], "{point:?}");
        process.desk.checkpoint().await.expect("signed");
        let audited = process.desk.audit(None, &[]).await.expect("read");
        assert!(audited.ok, "{point:?}: {:?}", audited.faults);
        if direction == Direction::Onboard {
            let again = process.ask("aiko", &wish(direction, "project-x", "dev")).await.expect("asked");
            assert_eq!(again, None, "{point:?}: nothing is left to do");
        }
    }
    for (action, times) in ONCE.into_iter().chain(GONE_ONCE) {
        assert_eq!(house.succeeded(action), times, "{action}: {points:?}");
    }
    // What was written down and not heard of again is what a dead process was about to do, or had done when it died.
    let (calls, more) = compare(&house.platform.aws.log().calls(), &house.ledger.lines());
    assert!(calls > 30 && more.iter().all(|line| line.outcome.is_none()), "{points:?}: {more:#?}");
    // A credential does not say what it was imported from: if the process died before it could write that down, it is
    // imported once more, over its own.
    let unsure = |point: &Point| match point.side {
        Side::After => point.what == "call codebuild ImportSourceCredentials",
        Side::Before => point.what == "write finished source-credential",
    };
    let imports = 1 + usize::from(points.iter().any(|(leg, point)| *leg == 0 && unsure(point)));
    let made = house.succeeded("codebuild:ImportSourceCredentials");
    assert!((1..=imports).contains(&made), "{made} imports: {points:?}");
    hit
}

/// Runs a test of every item, [`AT_ONCE`] at once on all cores.
pub async fn each<T, R, F>(items: Vec<T>, test: impl Fn(T) -> F) -> Vec<R>
where
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let runs = futures::stream::iter(items.into_iter().map(|item| tokio::spawn(test(item))));
    runs.buffer_unordered(AT_ONCE).map(|ended| ended.expect("it held")).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_and_started_again_the_end_is_the_same() {
    let recorded = Arc::new(record().await);
    let [onboard, teardown] = LEGS.map(|(leg, _)| recorded.points[leg].clone());
    let pairs: Vec<Vec<(usize, Point)>> = (0..onboard.len().max(teardown.len()))
        .map(|at| {
            let of = |leg: usize, points: &[Point]| points.get(at).map(|point| (leg, point.clone()));
            of(0, &onboard).into_iter().chain(of(1, &teardown)).collect()
        })
        .collect();
    let hit: Vec<Point> = each(pairs, |pair| crash_and_resume(pair, Arc::clone(&recorded))).await.concat();

    let all: BTreeSet<&Point> = onboard.iter().chain(&teardown).collect();
    let reached: BTreeSet<&Point> = hit.iter().collect();
    assert_eq!(reached, all, "every point that was enumerated was hit");
    assert_eq!(hit.len(), onboard.len() + teardown.len());
    let calls = hit.iter().filter(|point| point.what.starts_with("call")).count();
    println!("{} points: {} at journal appends, {calls} at AWS calls; all hit", hit.len(), hit.len() - calls);
    assert!(hit.len() > 80 && calls > 30, "the matrix is not empty");
}

/// Who cancels, and when.
#[derive(Debug, Clone, Copy)]
enum Cancelled {
    /// While the dead process's lease still runs: whoever starts next closes what is open.
    WhileTheLeaseRuns,
    /// After it has run out: the cancelling closes it.
    Later,
    /// After it has run out, and the process that cancels dies while it closes.
    ByOneThatDiesToo,
}

async fn crash_and_cancel((point, how): (Point, Cancelled), recorded: Arc<Recorded>) {
    let house = House::new().await;
    let before = house.inventory();
    let (id, dead) = die_at(&house, Direction::Onboard, &point).await;
    let trap = match how {
        Cancelled::WhileTheLeaseRuns => Trap::armed(None),
        Cancelled::Later | Cancelled::ByOneThatDiesToo => {
            house.lease_runs_out(&dead).await;
            let write = "write failed zone-association".to_owned();
            let dies = matches!(how, Cancelled::ByOneThatDiesToo);
            Trap::armed(dies.then_some(Point { what: write, nth: 1, side: Side::Before }))
        }
    };
    let canceller = house.process(trap).await;
    let aiko = canceller.person("aiko").await;
    let cancelled = canceller.trap.survive(canceller.desk.cancel(&aiko, &id, Some("not needed"))).await;
    if let Some(cancelled) = cancelled {
        assert_eq!(cancelled.expect("cancelled").state, RequestState::Cancelled, "{point} {how:?}");
    }
    if matches!(how, Cancelled::Later) {
        assert_eq!(house.authorisations(), [""; 0], "{point} {how:?}");
    }
    house.lease_runs_out(&dead).await;
    let process = successor(&house, canceller).await;
    assert_eq!(house.authorisations(), [""; 0], "{point} {how:?}");
    assert_eq!(process.show(&id).await.request.state, RequestState::Cancelled, "{point} {how:?}");

    if !matches!(how, Cancelled::Later) {
        return;
    }
    // What was done half is ours, and is found by the next who asks.
    let again = ask(&process, Direction::Onboard).await;
    assert_eq!(process.see_through(&house, &again).await, RequestState::Done, "{point} {how:?}");
    assert_eq!(added(&before, &house.inventory()), recorded.after["onboard"], "{point} {how:?}");
    assert_eq!(house.authorisations(), [""; 0], "{point} {how:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_then_cancelled_nothing_stays_open() {
    let recorded = Arc::new(record().await);
    let of_the_handshake = |point: &Point| point.what.contains("zone") || point.what.contains("route53");
    let mut cases = Vec::new();
    for point in &recorded.points["onboard"] {
        if of_the_handshake(point) {
            cases.push((point.clone(), Cancelled::WhileTheLeaseRuns));
            cases.push((point.clone(), Cancelled::ByOneThatDiesToo));
        }
        if point.side == Side::After && point.what.starts_with("call") {
            cases.push((point.clone(), Cancelled::Later));
        }
    }
    // At the last one the request is done, or as good as done: there is nothing to cancel.
    cases.retain(|(point, _)| point.what != "write finished zone-association" || point.side == Side::Before);
    let count = cases.len();
    assert!(count > 30, "{count}");
    each(cases, |case| crash_and_cancel(case, Arc::clone(&recorded))).await;
    println!("{count} crashes followed by a cancellation; nothing stayed open");
}
