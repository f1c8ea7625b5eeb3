//! What an approval in chat is worth: taken back by a button, void when the role is gone, reminded of once, expired.

use std::time::Duration;

use genkan::config::StandIn;
use genkan::model::{Part, Posted};
use genkan::sandbox::discord::faults::{Effect, Rule};
use jiff::SignedDuration;
use serde_json::Value;

use super::reading::{button, text};
use super::server::{AIKO, APPROVALS, LEAD, MIO, PATIENCE, PLATFORM, REN, Server};

const AUTHORISE: &str = "route53:CreateVPCAssociationAuthorization";

impl Server {
    /// Nobody is a lead but by the role that they have in chat.
    async fn where_roles_decide() -> Self {
        Self::where_config(|config| {
            for person in config.people.iter_mut().filter(|person| person.groups.contains(&"infra-leads".to_owned())) {
                person.groups.clear();
            }
        })
        .await
    }

    /// Time passes, for the machine and for Discord.
    fn time_passes(&self, by: Duration) {
        self.discord.pass_time(by);
        self.terminal.clock_jumps(SignedDuration::try_from(by).expect("not that long"));
    }

    /// The bot has written down where its reminder is: until then only Discord knows, for the few minutes that it knows a nonce.
    async fn knows_of_its_reminder(&self) {
        let id = self.only_request().await;
        let is_known = |posted: &Posted| matches!(posted.part, Part::Reminder(_)) && posted.message.is_some();
        let known = async {
            while !self.terminal.desk.posted(&id).await.expect("read").iter().any(is_known) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, known).await.expect("it is written down");
    }

    async fn approves(&self, who: u64, question: &Value) {
        let pressed = self.presses(who, question, "approve:").await;
        self.is_told(who, pressed, &["pproved"]).await;
    }
}

#[tokio::test]
async fn an_approval_is_withdrawn_by_a_button_and_given_again() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "production").await;
    let question = server.reads(REN, APPROVALS, &["Needs 2 approvals", "[Approve]", "Expires <t:"]).await;
    assert_eq!(button(&question, "withdraw:"), None, "nobody has approved it");
    server.approves(REN, &question).await;
    let question = server.reads(REN, APPROVALS, &["Approved so far by ren", "[Withdraw]"]).await;
    let pressed = server.presses(MIO, &question, "withdraw:").await;
    server.is_told(MIO, pressed, &["no approval of yours"]).await;
    let pressed = server.presses(REN, &question, "withdraw:").await;
    server.is_told(REN, pressed, &["withdrawn"]).await;
    let is_open = |message: &Value| text(message).contains("[Approve]") && !text(message).contains("Approved so far");
    let question = server.sees(REN, APPROVALS, "that nobody has approved", is_open).await;
    server.approves(MIO, &question).await;
    server.reads(MIO, APPROVALS, &["Approved so far by mio", "1 more"]).await;
    assert_eq!(server.house.succeeded(AUTHORISE), 0);
    server.approves(REN, &question).await;
    server.answer(AIKO, asked, &["project-x is in production"]).await;
    let done = server.reads(REN, APPROVALS, &["Approved by", "done"]).await;
    assert_eq!(button(&done, "withdraw:"), None, "it is too late");
    server.closes().await;
}

#[tokio::test]
async fn who_loses_the_role_between_click_and_step_does_not_count() {
    let server = Server::where_roles_decide().await;
    let asked = server.onboards(AIKO, "project-x", "production").await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    server.approves(REN, &question).await;
    server.reads(MIO, APPROVALS, &["Approved so far by ren"]).await;
    server.discord.set_roles(REN, &[]);
    server.approves(MIO, &question).await;
    server.reads(MIO, APPROVALS, &["Approved so far by mio; 1 more", "ren may not approve this any more"]).await;
    server.answer(AIKO, asked, &["Waits for 1 more approval", "ren may not approve this any more"]).await;
    assert_eq!(server.house.succeeded(AUTHORISE), 0);
    // Back among the leads, ren is told that it was said already, and it counts again.
    server.discord.set_roles(REN, &[LEAD]);
    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["already"]).await;
    server.answer(AIKO, asked, &["project-x is in production"]).await;
    server.closes().await;
}

#[tokio::test]
async fn while_discord_cannot_be_asked_nobody_counts_and_it_goes_on_afterwards() {
    let server = Server::where_roles_decide().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let down = Effect::Error { status: 403, code: 50_001, message: "Missing Access".to_owned() };
    server.discord.faults().add(Rule::always("GET member", down));
    server.approves(REN, &question).await;
    server.reads(REN, APPROVALS, &["an answer from Discord whether ren may still approve"]).await;
    assert_eq!(server.house.succeeded(AUTHORISE), 0);
    server.discord.faults().clear();
    server.time_passes(Duration::from_secs(31));
    server.answer(AIKO, asked, &["project-x is in dev"]).await;
    server.closes().await;
}

#[tokio::test]
async fn approvers_are_reminded_once_and_then_it_expires() {
    let mut server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let reminders = |server: &Server| {
        let shown = server.discord.messages(REN, APPROVALS).into_iter();
        shown.filter(|message| text(message).contains("still needs 1 approval")).collect::<Vec<_>>()
    };
    assert_eq!(reminders(&server).len(), 0);
    server.time_passes(Duration::from_hours(20) + Duration::from_mins(1));
    let reminder = server.reads(REN, APPROVALS, &["Expires <t:", "still needs 1 approval", "What is asked"]).await;
    assert!(reminder["mention_roles"].to_string().contains(&LEAD.to_string()), "the leads are told");
    server.knows_of_its_reminder().await;
    server.bot_dies().await;
    server.bot_starts().await;
    server.time_passes(Duration::from_hours(4));
    server.answer(AIKO, asked, &["not approved within 24 hours"]).await;
    let lapsed = server.reads(REN, APPROVALS, &["Expired", "Nothing was done"]).await;
    assert_eq!(button(&lapsed, "approve:"), None);
    assert_eq!(reminders(&server).len(), 1, "once, also over a restart");
    assert_eq!(server.house.succeeded(AUTHORISE), 0);
    server.types(AIKO, "retry", &[("request", server.only_request().await.as_str())]).await;
    let anew = server.reads(REN, APPROVALS, &["Approve?", "[Approve]"]).await;
    assert_ne!(anew["id"], lapsed["id"], "a message of its own");
    server.reads(REN, APPROVALS, &["Void", "asked anew"]).await;
    server.approves(REN, &anew).await;
    server.reads(AIKO, PLATFORM, &["project-x is in dev"]).await;
    server.closes().await;
}

#[tokio::test]
async fn who_stands_in_is_pinged_and_may_press() {
    let now = jiff::Timestamp::now();
    let (from, until) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(2));
    let server = Server::where_config(|config| {
        let stand_in = StandIn { group: "engineers".to_owned(), from, until };
        config.environments.values_mut().for_each(|environment| environment.stand_ins = vec![stand_in.clone()]);
    })
    .await;
    let asked = server.onboards(REN, "project-x", "dev").await;
    let question = server.reads(AIKO, APPROVALS, &["Needs 1 approval of infra-leads or engineers"]).await;
    let told = question["mention_roles"].to_string();
    assert!(told.contains("118000000000000301") && told.contains(&LEAD.to_string()), "{told}");
    server.approves(AIKO, &question).await;
    server.answer(REN, asked, &["project-x is in dev"]).await;
    server.closes().await;
}
