//! Previews, lists, details, help, refusals and short answers: read `shown/`.

use std::fmt;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::made::{Made, at, id, keep, plan, request, step};
use super::{kept, readable};
use crate::chat::refusal::{refusal, say};
use crate::chat::said::{Said, said};
use crate::chat::{lists, preview};
use crate::model::plan::Direction;
use crate::model::run::Did;
use crate::model::{Action, Event, Plan, RequestState, StepState};
use crate::requests::DeskError;
use crate::requests::approve::Approvable;
use crate::requests::status::Status;
use crate::requests::waiting::Awaited;

/// The teardown that keeps data: what holds some is in the way.
fn in_the_way() -> Plan {
    let mut plan = plan(Direction::Teardown, "dev");
    plan.notes.clear();
    for step in &mut plan.steps {
        let why = match step.desired.id.as_str() {
            "bucket" => "it holds 12 objects",
            "repository" => "it holds 1 image",
            _ => continue,
        };
        let mend = "empty it, or ask with `--delete-data`, which others have to approve".to_owned();
        step.action = Action::Blocked { why: why.to_owned(), mend };
    }
    plan
}

/// The teardown of a project that holds nothing.
fn empty() -> Plan {
    let mut plan = in_the_way();
    plan.steps.retain(|step| !matches!(step.action, Action::Blocked { .. }));
    plan
}

#[test]
fn previews_of_a_teardown() {
    kept("preview_teardown", |scene| readable(&preview::teardown(&empty(), None, scene)));
    let with_data = plan(Direction::Teardown, "dev");
    kept("preview_teardown_data", |scene| readable(&preview::teardown(&in_the_way(), Some(&with_data), scene)));
    let unseen = "route53:ListHostedZonesByVPC failed with AccessDenied";
    let mut stuck = with_data;
    stuck.steps[0].action = Action::Blocked {
        why: format!("it could not be looked at: {unseen}"),
        mend: "{\"Effect\":\"Allow\"}".to_owned(),
    };
    kept("preview_teardown_stuck", |scene| readable(&preview::teardown(&stuck, Some(&stuck), scene)));
}

#[test]
fn previews_of_what_is_blocked_and_of_nothing_to_do() {
    let mut blocked = plan(Direction::Onboard, "dev");
    for (at, step) in blocked.steps.iter_mut().enumerate().take(5).skip(2) {
        let name = step.desired.spec.name();
        step.action = match at {
            2 => Action::Blocked {
                why: format!("{name} is there already and was not made by genkan"),
                mend: "`--adopt repository` takes it over; or say `on_existing = \"keep\"` for repository in the blueprint".to_owned(),
            },
            _ => Action::Blocked {
                why: format!("the name {name} is held by another AWS account"),
                mend: "choose another name in the blueprint, or ask its owner to give it up".to_owned(),
            },
        };
    }
    kept("preview_blocked", |scene| readable(&preview::blocked(&blocked, scene)));
    kept("refusal_blocked", |scene| {
        readable(&refusal(&DeskError::Blocked(Box::new(blocked.clone())), "1180000000000017", scene))
    });
    for (direction, why) in [(Direction::Onboard, "it is as it should be"), (Direction::Teardown, "it is gone already")]
    {
        let mut plan = plan(direction, "dev");
        plan.notes.clear();
        plan.steps.iter_mut().for_each(|step| step.action = keep(why));
        kept(&format!("preview_nothing_{direction}"), |scene| readable(&preview::nothing_to_do(&plan, scene)));
    }
}

#[test]
fn lists_of_requests_statuses_and_what_waits() {
    kept("list_empty", |scene| {
        [lists::requests(&[], scene), lists::statuses(&[], scene), lists::awaiting(&[], scene)]
            .map(|drawn| readable(&drawn))
            .join("\n")
    });
    let card = Some("https://discord.com/channels/1/2/3".to_owned());
    let open = request(plan(Direction::Onboard, "dev")).request;
    let mut failed = request(plan(Direction::Teardown, "production"));
    failed.ended(RequestState::Failed, None, None);
    let waits = vec![
        "zone-association: 0 of 1 approvals of infra-leads".to_owned(),
        "vpc-id: SSM parameter /dev/project-x/vpc-id".to_owned(),
        "bucket: FAILED".to_owned(),
    ];
    let requests = [(open.clone(), waits, card.clone()), (failed.request, vec![], None)];
    kept("list_requests", |scene| readable(&lists::requests(&requests, scene)));

    let mut differs = plan(Direction::Onboard, "production");
    differs.steps[0].action = keep("it is as it should be");
    differs.steps[3].action = Action::Update { changes: super::made::changed(&[("cors", json!([]), json!([1]))]) };
    let status = |plan: Option<Plan>, error: Option<&str>| Status {
        project: "project-x".parse().expect("a name"),
        environment: "production".parse().expect("a name"),
        plan,
        error: error.map(str::to_owned),
        request: Some(open.clone()),
    };
    let mut well = plan(Direction::Onboard, "production");
    well.steps.iter_mut().for_each(|step| step.action = keep("it is as it should be"));
    let statuses =
        [status(Some(differs.clone()), None), status(None, Some("no credentials")), status(Some(well), None)];
    kept("list_status_one", |scene| readable(&lists::statuses(&statuses[..1], scene)));
    kept("list_status_many", |scene| readable(&lists::statuses(&statuses, scene)));

    let gated = differs.steps.last().expect("a step").clone();
    let held = Approvable {
        digest: gated.digest(),
        step: gated,
        question: 4,
        until: at(1444),
        approved_by: vec!["ren".to_owned()],
        note: None,
    };
    let awaited = [(Awaited { request: open, held: vec![held] }, card)];
    kept("list_awaiting", |scene| readable(&lists::awaiting(&awaited, scene)));
}

#[test]
fn details_and_help() {
    let mut view = request(plan(Direction::Onboard, "dev"));
    view.done_up_to("vpc-id");
    let finished = Event::Finished {
        step: id("repository"),
        did: Did::Created,
        outputs: Default::default(),
        resource: crate::model::run::ResourceKey {
            place: view.request.plan.place.clone(),
            kind: crate::model::Kind::EcrRepository,
            name: "project-x-dev-algorithm".to_owned(),
        },
        scope: Default::default(),
        ours: true,
    };
    let begun = step("repository", "dev", super::made::repository("project-x-dev-algorithm"), Action::Create);
    view.wrote(1, Event::Started { digest: begun.digest(), step: Box::new(begun), approvers: [].into() })
        .wrote(2, finished);
    let waits = Event::Waiting {
        step: id("vpc-id"),
        on: "SSM parameter /dev/project-x/vpc-id".to_owned(),
        again_at: at(3),
        until: None,
    };
    view.wrote(2, waits);
    let failed = |retry_at| Event::Failed {
        step: id("bucket"),
        why: "no answer within 45 seconds".to_owned(),
        mend: None,
        retry_at,
    };
    view.wrote(2, failed(Some(at(3)))).wrote(3, failed(None)).wrote(3, Event::Retried);
    view.is_held("zone-association");
    view.approved("zone-association", "ren");
    let mend = "it is one of:\n  - the role does not exist".to_owned();
    view.is("vpc-id", StepState::Failed { why: "it did not answer".to_owned(), mend: Some(mend), at: at(9) });
    view.ended(RequestState::Failed, None, None).ended(RequestState::Open, Some("aiko"), None).ended(
        RequestState::Cancelled,
        Some("ren"),
        Some("not needed"),
    );
    kept("details", |scene| readable(&lists::details(&view, scene)));
    kept("help", |scene| readable(&lists::help(scene)));
}

/// A reason as a face sees it: its JSON, and its English.
#[derive(Serialize)]
#[serde(transparent)]
struct Reason(Json);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in the words of the terminal")
    }
}

/// Every reason that chat has words for, with fields as they are.
pub fn reasons() -> Vec<Json> {
    let (request, later) = ("r-7k2m9x4bqd", "r-8k2m9x4bqd");
    let (project, environment, direction) = ("project-x", "dev", "onboard");
    let rule = |rule, en, ja| json!({"rule": rule, "en": en, "ja": ja});
    vec![
        json!({"why": "unknown-member", "user": "118000000000000405"}),
        json!({"why": "unknown-caller", "arn": "arn:aws:iam::111111111111:user/x", "local": false}),
        json!({"why": "unknown-name", "name": "zoe", "known": ["aiko", "ren"]}),
        json!({"why": "forbidden", "person": "guest", "reasons": [
            rule("request", "only requesters of this environment may ask", "この環境で申請できるのは申請者グループのみです"),
        ]}),
        json!({"why": "bad-project", "text": "Project X", "example": "project-x"}),
        json!({"why": "bad-prefix", "text": "x", "prefix": "project-", "example": "project-x"}),
        json!({"why": "unknown-environment", "text": "prod", "known": ["dev", "production"]}),
        json!({"why": "no-account", "project": project, "environment": environment}),
        json!({"why": "bad-step", "text": "The Bucket"}),
        json!({"why": "unknown-adopt", "id": "buckett", "known": ["bucket", "repository"]}),
        json!({"why": "bad-blueprint", "text": "repository: `name` is missing"}),
        json!({"why": "bad-repository", "text": "project-x"}),
        json!({"why": "which-request"}),
        json!({"why": "no-such-request", "text": "r-0"}),
        json!({"why": "several-requests", "text": "r-7", "ids": [request, later]}),
        json!({"why": "no-such-step", "request": request, "step": "buckett", "known": ["bucket"]}),
        json!({"why": "ended", "request": request, "state": "done"}),
        json!({"why": "nothing-to-approve", "request": request, "state": "cancelled"}),
        json!({"why": "nothing-held", "request": request, "step": null}),
        json!({"why": "nothing-held", "request": request, "step": "bucket"}),
        json!({"why": "changed", "request": request, "step": "zone-association"}),
        json!({"why": "changed-meanwhile", "request": request, "state": "cancelled"}),
        json!({"why": "ask-again", "request": request, "state": "rejected", "direction": direction, "project": project, "environment": environment}),
        json!({"why": "overtaken", "request": request, "later": later, "direction": direction, "project": project, "environment": environment}),
        json!({"why": "still-open", "request": request}),
        json!({"why": "in-other-hands", "request": request}),
        json!({"why": "busy", "request": request, "project": project, "environment": environment, "by": "aiko", "direction": "teardown"}),
        json!({"why": "shared-in-use", "request": request, "removes": true, "kind": "secret-copy", "name": "TOKEN", "place": {"account": "222222222201", "region": "ap-northeast-1"}}),
        json!({"why": "never-asked-for", "project": project}),
        json!({"why": "other", "text": "it is gone already"}),
    ]
}

#[test]
fn why_something_was_not_done() {
    kept("refusals", |scene| {
        let lines = reasons().into_iter().map(|reason| {
            format!("{}\n  {}", reason["why"].as_str().unwrap_or_default(), say(&Reason(reason.clone()), scene))
        });
        let told: Vec<String> = lines.collect();
        assert!(!told.join("").contains("the terminal"), "every reason has words of its own: {told:?}");
        told.join("\n")
    });
    let unknown = Reason(json!({"why": "a-new-one"}));
    kept("refusal_unknown", |scene| say(&unknown, scene));
    kept("refusal_others", |scene| {
        let said = |error: DeskError| readable(&refusal(&error, "118000000000000777", scene));
        [said(DeskError::Store("disk I/O error".to_owned())), said(DeskError::NotNow("it is gone already".into()))]
            .join("\n")
    });
}

#[test]
fn short_answers() {
    let request = request(plan(Direction::Onboard, "dev")).request;
    let step = id("zone-association");
    kept("said", |scene| {
        let all = [
            Said::Approved(&step),
            Said::ApprovedMoreNeeded(&step, 1),
            Said::ApprovedAlready(&step),
            Said::Rejected(&request),
            Said::Cancelled(&request),
            Said::TakenUpAgain(&request),
            Said::Asked(&request, None),
            Said::Asked(&request, Some("https://discord.com/channels/1/2/3")),
            Said::Interrupted("/onboard project-x dev"),
            Said::OldButton,
            Said::OtherName { typed: "project-y", project: "project-x" },
            Said::PlanChanged,
            Said::Working,
            Said::Unknown,
            Said::NotHere,
            Said::Broken("1573340468677181440"),
            Said::NoReason,
            Said::NotRejected(&step),
        ];
        all.map(|one| readable(&said(one, scene))).join("")
    });
}
