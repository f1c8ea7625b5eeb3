//! Which answers count: each thing that makes one not count, one at a time.

use std::collections::BTreeMap;

use super::*;
use crate::model::plan::{Desired, OnExisting, Scope};
use crate::model::resource::SsmParameter;
use crate::model::{Action, Digest, Place, Spec, Step};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(hour * 3600).unwrap()
}

fn step(id: &str) -> Step {
    let place = Place { account: "111111111111".parse().unwrap(), region: "ap-northeast-1".parse().unwrap() };
    let spec = Spec::SsmParameter(SsmParameter { name: format!("/{id}"), wait_minutes: 5 });
    let (scope, on_existing, inputs) = (Scope::Project, OnExisting::Block, BTreeMap::new());
    let desired = Desired { id: id.parse().unwrap(), place, scope, on_existing, after: vec![], inputs, spec };
    Step { desired, adopt: false, delete_data: false, action: Action::Create, gate: None }
}

fn question() -> Question {
    let sealed = Sealed::of(&step("one")).unwrap();
    Question { number: 7, sealed, asked_at: at(10), until: at(34), set_back: false }
}

fn yes(name: &str) -> Approval {
    let by = Person { name: name.to_owned(), groups: vec![], via: "--as".to_owned() };
    let step = step("one");
    Approval { step: step.desired.id.clone(), digest: step.digest(), question: 7, by, at: at(11), withdrawn: None }
}

fn names(counted: &BTreeSet<String>) -> Vec<&str> {
    counted.iter().map(String::as_str).collect()
}

#[test]
fn an_answer_counts_for_its_question_its_step_its_time_and_its_person() {
    let well = yes("ren");
    let other = |change: fn(&mut Approval)| {
        let mut approval = yes("ren");
        change(&mut approval);
        approval
    };
    for (what, approval, counts) in [
        ("as it should be", well.clone(), true),
        ("to another question", other(|yes| yes.question = 8), false),
        ("of another step", other(|yes| yes.step = "two".parse().unwrap()), false),
        ("of another digest", other(|yes| yes.digest = Digest::of(&"another")), false),
        ("taken back", other(|yes| yes.withdrawn = Some(at(12))), false),
        ("before it was asked", other(|yes| yes.at = at(9)), false),
        ("too late", other(|yes| yes.at = at(34)), false),
        ("by who asked", other(|yes| yes.by.name = "aiko".to_owned()), false),
    ] {
        let counted = counted(&question(), [&approval], at(12), "aiko", |_| May::Yes).unwrap();
        assert_eq!(!counted.names.is_empty(), counts, "{what}");
    }
    let twice = counted(&question(), [&well, &well], at(12), "aiko", |_| May::Yes).unwrap();
    assert_eq!(names(&twice.names), ["ren"], "a person counts once");
}

#[test]
fn a_question_stands_for_its_time_and_never_again() {
    let (mut set_back, well) = (question(), question());
    set_back.set_back = true;
    for (question, now, stands) in [
        (&well, 10, Ok(())),
        (&well, 33, Ok(())),
        (&well, 34, Err(Void::Expired)),
        (&well, 87_600, Err(Void::Expired)),
        (&well, 9, Err(Void::SetBack)),
        (&well, -87_600, Err(Void::SetBack)),
        (&set_back, 12, Err(Void::SetBack)),
        (&set_back, 34, Err(Void::Expired)),
    ] {
        assert_eq!(question.stands(at(now)), stands, "at {now}");
        let counted = counted(question, [&yes("ren")], at(now), "aiko", |_| May::Yes);
        assert_eq!(counted.map(drop), stands, "at {now}");
    }
}

#[test]
fn who_may_not_any_more_is_told_apart_from_who_could_not_be_asked() {
    let approvals = [yes("ren"), yes("mio"), yes("sora")];
    let may = |person: &Person| match person.name.as_str() {
        "ren" => May::Yes,
        "mio" => May::No,
        _ => May::Unknown,
    };
    let counted = counted(&question(), &approvals, at(12), "aiko", may).unwrap();
    assert_eq!(
        (names(&counted.names), names(&counted.lost), names(&counted.unknown)),
        (vec!["ren"], vec!["mio"], vec!["sora"])
    );
}

#[test]
fn what_is_sealed_says_nothing_that_is_not_read() {
    let step = step("one");
    let sealed = Sealed::of(&step).unwrap();
    assert_eq!((sealed.step(), sealed.digest()), (&step, &step.digest()));
    assert_eq!(Sealed::open(sealed.text().to_owned()), Ok(sealed.clone()));
    for text in [
        sealed.text().replacen('{', "{ ", 1),
        sealed.text().replacen('{', "{\"note\":\"trust me\",", 1),
        sealed.text().replace("\"adopt\":false,", ""),
        String::new(),
        "{}".to_owned(),
    ] {
        assert!(Sealed::open(text.clone()).is_err(), "{text}");
    }
}
