//! After all that the program does, with AWS and Discord repeating what they were sent, no secret is anywhere that it left something.

use aws_sdk_ssm::types::ParameterType;
use genkan::sandbox::discord::Filled;
use serde_json::{Value, json};
use tokio::process::Command;

use super::scene::{AIKO, APPROVALS, EXTERNAL, GITHUB, PATIENCE, PLATFORM, REN, ROTATED, SECURE, Scene};
use super::search::{Canary, Searcher, Surface, none};
use crate::chat::reading::{number, text};

/// Calls that are refused once, in words that repeat what was sent, and with which code.
const ECHOED: [(&str, &str); 6] = [
    ("CreateSecret", "AccessDeniedException"),
    ("ImportSourceCredentials", "AccessDeniedException"),
    ("GetSecretValue", "InvalidParameterException"),
    ("CreateRepository", "InvalidParameterException"),
    ("PUT /project-x-dev", "InvalidRequest"),
    ("AssociateVPCWithHostedZone", "InvalidInput"),
];

/// What is only read, or only printed.
const LOOKS: [&[&str]; 15] = [
    &["plan", "project-x", "dev"],
    &["status"],
    &["requests"],
    &["approvals"],
    &["doctor"],
    &["audit", "who", "project-x", "dev"],
    &["audit", "verify"],
    &["audit", "export"],
    &["audit", "checkpoint"],
    &["audit", "key"],
    &["policies", "render"],
    &["config", "check"],
    &["config", "schema"],
    &["completions", "bash"],
    &["man"],
];

impl Scene {
    async fn looks(&self, who: &str) {
        let commands = LOOKS.iter().flat_map(|command| {
            let plain = [&["--as", who], *command].concat();
            let json = [plain.as_slice(), &["--json"]].concat();
            [plain, json]
        });
        let commands: Vec<Vec<&str>> = commands.collect();
        for some in commands.chunks(4) {
            futures::future::join_all(some.iter().map(|command| self.runs(command))).await;
        }
    }

    async fn types(&self, command: &str, options: &[(&str, &str)]) -> u64 {
        let filled: Vec<Filled> = options.iter().map(|(name, value)| Filled::text(name, value)).collect();
        self.discord.person(AIKO).command(command, &filled).await.unwrap_or_else(|why| panic!("/{command}: {why}"))
    }

    async fn onboards(&self, project: &str, environment: &str) -> u64 {
        self.types("onboard", &[("project", project), ("environment", environment)]).await
    }

    /// The value of the platform's secret is another from now on.
    async fn rotates(&self) {
        let config = &self.platform.config;
        let (_, hub) = config.secret_account().expect("it has one");
        let secrets = aws_sdk_secretsmanager::Client::new(&self.platform.administrator(&hub.id));
        let put = secrets.put_secret_value().secret_id(&config.secret.name).secret_string(ROTATED);
        put.send().await.expect("put");
    }

    /// Somebody keeps a secret in the parameter in which a VPC's id should be.
    async fn hides_a_secret(&self, account: &str, name: &str) {
        let account = &self.platform.config.account(account).expect("known").id;
        let ssm = aws_sdk_ssm::Client::new(&self.platform.administrator(account));
        ssm.delete_parameter().name(name).send().await.expect("deleted");
        let put = ssm.put_parameter().name(name).value(SECURE).r#type(ParameterType::SecureString);
        put.send().await.expect("put");
    }

    /// A project's bucket holds something.
    async fn has_data(&self, bucket: &str) {
        let account = &self.platform.config.account("project-dev").expect("known").id;
        let s3 = aws_sdk_s3::Client::new(&self.platform.administrator(account));
        s3.put_object().bucket(bucket).key("data").body(vec![1, 2, 3].into()).send().await.expect("put");
    }

    /// Three environments, asked for and approved in chat; in the first one AWS and Discord repeat what they are sent.
    async fn onboards_everywhere(&self) {
        for (operation, code) in ECHOED {
            self.aws.echo(operation, code);
        }
        for operation in ["PATCH @original", "POST callback"] {
            self.rest.echo(operation, "50035");
            self.types("requests", &[]).await;
            while !self.rest.echoed().iter().any(|one| one == operation) {
                tokio::task::yield_now().await;
            }
        }
        let dev = self.onboards("project-x", "dev").await;
        self.comes_to(dev, &["project-x is in dev"]).await;
        let (staging, production) =
            (self.onboards("project-x", "staging").await, self.onboards("project-x", "production").await);
        self.comes_to(staging, &["project-x is in staging"]).await;
        self.comes_to(production, &["project-x is in production"]).await;
        self.looks("aiko").await;
    }

    /// Rejected, cancelled, approved at the terminal.
    async fn rejects_and_cancels(&self) {
        self.onboards("project-z", "staging").await;
        let is_it = |one: &Value| text(one).contains("project-z") && text(one).contains("[Reject]");
        let question =
            |discord: &genkan::sandbox::discord::LocalDiscord| discord.messages(REN, APPROVALS).into_iter().find(is_it);
        let question = self.discord.wait_for(PATIENCE, question).await.expect("the leads are asked");
        self.presses(REN, &question, "reject:").await;
        let ren = self.discord.person(REN).at(number(&question["channel_id"]));
        let (form, _) = ren.wait_for(PATIENCE, |ren| ren.open_modal()).await.expect("a form");
        ren.submit(form, &[("reason".to_owned(), format!("pasted by mistake: {GITHUB}"))]).await.expect("sent");
        let (_, asked) = self.runs(&["--as", "aiko", "onboard", "project-y", "staging", "--yes", "--json"]).await;
        let asked: Value = serde_json::from_str(&asked).unwrap_or_else(|error| panic!("{error}: {asked}"));
        let id =
            asked["request"]["id"].as_str().or(asked["id"].as_str()).unwrap_or_else(|| panic!("{asked:#}")).to_owned();
        self.runs(&["--as", "aiko", "approve", &id, "--yes", "--json"]).await;
        self.runs(&["--as", "ren", "approve", &id, "--yes"]).await;
        self.runs(&["--as", "aiko", "show", &id]).await;
        self.runs(&["--as", "aiko", "show", &id, "--json"]).await;
        self.runs(&["--as", "aiko", "retry", &id]).await;
        self.runs(&["--as", "aiko", "cancel", &id, "--json"]).await;
    }

    /// The token is another, and is repeated on its way to the copy; then all goes, with its data.
    async fn rotates_and_goes(&self) {
        self.rotates().await;
        self.aws.echo("PutSecretValue", "AccessDeniedException");
        // Not the reader's: a plan that cannot look ends there.
        self.aws.echo("AssumeRole genkan-writer", "AccessDenied");
        let again = self.onboards("project-x", "dev").await;
        self.comes_to(again, &["project-x is in dev"]).await;
        self.has_data("project-x-dev").await;
        self.keeps_store("while it runs");
        let teardown = ["--as", "aiko", "teardown", "project-x", "dev", "--yes", "--delete-data", "--json"];
        let (_, gone) = self.runs(&teardown).await;
        let shown = self.types("status", &[("project", "project-x"), ("environment", "dev")]).await;
        self.comes_to(shown, &["project-x"]).await;
        for lead in ["ren", "mio"] {
            let (_, waits) = self.runs(&["--as", lead, "approvals", "--json"]).await;
            let waits: Value = serde_json::from_str(&waits).expect("JSON");
            let of = |one: &Value| one["id"].as_str().or(one["request"]["id"].as_str()).map(str::to_owned);
            for id in waits.as_array().into_iter().flatten().filter_map(of) {
                self.runs(&["--as", lead, "approve", &id, "--yes"]).await;
            }
        }
        self.looks("ren").await;
        assert!(gone.contains("project-x"), "{gone}");
    }

    /// Everything that the program asks Discord for, each body by itself.
    fn bodies(&self) -> Vec<Surface> {
        let calls = self.discord.log().calls();
        assert!(calls.len() > 50, "{} calls", calls.len());
        let bodies =
            calls.iter().map(|call| Surface::new(format!("chat: {} {}", call.route, call.path), call.body.to_string()));
        bodies.collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_whole_of_the_flows_no_secret_is_anywhere() {
    let scene = Scene::opens().await;
    scene.aws.echo("AssumeRole genkan-reader", "AccessDenied");
    let (_, refused) = scene.runs(&["--as", "aiko", "doctor", "--json"]).await;
    assert!(refused.contains("AccessDenied"), "{refused}");
    let mut bot = scene.serves().await;

    scene.onboards_everywhere().await;

    // What holds a secret where none should be.
    scene.hides_a_secret("project-dev", "/dev/project-y/vpc-id").await;
    let hidden = scene.onboards("project-y", "dev").await;
    let answer = scene.discord.wait_for(PATIENCE, |discord| {
        let shown = [PLATFORM, APPROVALS].map(|channel| discord.messages(AIKO, channel));
        shown
            .iter()
            .flatten()
            .find(|one| {
                one["interaction_metadata"]["id"] == hidden.to_string().as_str() && text(one).contains("SecureString")
            })
            .map(text)
    });
    answer.await.expect("it says what is in the way");

    scene.rejects_and_cancels().await;
    scene.rotates_and_goes().await;

    let pid = bot.id().expect("it runs");
    scene.keeps("arguments of serve", std::fs::read(format!("/proc/{pid}/cmdline")).expect("they can be read"));
    for what in ["/", "/page/state?as=118000000000000401", "/page/aws"] {
        let answer = reqwest::get(format!("{}{what}", scene.page.endpoint())).await.expect("the page answers");
        scene.keeps(format!("page {what}"), answer.bytes().await.expect("whole").to_vec());
    }
    let ended = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await.expect("kill is there");
    assert!(ended.success());
    let status = tokio::time::timeout(PATIENCE, bot.wait()).await.expect("it ends").expect("it was there");
    let log = std::fs::read_to_string(scene.path("stderr")).expect("it logs text");
    assert!(status.success(), "{log}");
    scene.keeps("serve: stdout", std::fs::read(scene.path("stdout")).expect("its output"));
    scene.keeps("serve: stderr", log.clone());
    scene.keeps_store("at the end");

    // It was a good test: what was to happen happened, the log says much, and what was cut was cut.
    let echoed = scene.aws.echoed();
    for (operation, _) in ECHOED.iter().chain(&[
        ("AssumeRole genkan-reader", ""),
        ("AssumeRole genkan-writer", ""),
        ("PutSecretValue", ""),
    ]) {
        assert!(echoed.iter().any(|one| one == operation), "{operation} was not repeated: {echoed:?}");
    }
    assert_eq!(scene.rest.echoed().len(), 2, "{:?}", scene.rest.echoed());
    assert!(log.contains("secretsmanager:CreateSecret") && log.contains("\"level\":\"DEBUG\""), "{log}");
    for (command, part) in
        [("export: stdout", "sts:AssumeRole"), ("key: stdout", "genkan"), ("who project-x dev: stdout", "ren")]
    {
        let told = scene.told.lock().unwrap();
        let one = told.iter().find(|one| one.name.ends_with(&format!("audit {command}"))).expect("it ran");
        assert!(String::from_utf8_lossy(&one.bytes).contains(part), "audit {command} says {part}");
    }
    let canaries = scene.canaries();
    let of = |kind: &str| canaries.iter().filter(|canary| canary.kind == kind).count();
    for (kind, least) in [
        ("bot token", 1),
        ("interaction token", 5),
        ("webhook address", 3),
        ("access key id", 10),
        ("secret key of a session", 10),
        ("session token", 10),
        ("authorization", 10),
        ("GitHub token", 1),
        ("audit key", 1),
    ] {
        assert!(of(kind) >= least, "{kind}: {}", of(kind));
    }
    let store: Vec<u8> = scene
        .told
        .lock()
        .unwrap()
        .iter()
        .filter(|one| one.name.contains(".db"))
        .flat_map(|one| one.bytes.clone())
        .collect();
    assert!(
        String::from_utf8_lossy(&store).contains("[redacted]"),
        "an error that repeated a secret is kept without it"
    );

    let bodies = scene.bodies();
    let searcher = Searcher::new(&canaries);
    none(&searcher, &scene.told.lock().unwrap());
    none(&searcher, &bodies);
    // What only chat may not know.
    none(&Searcher::new([&Canary { kind: "external id", value: EXTERNAL.to_owned() }]), &bodies);
    pings_nobody_else(&scene);
}

/// A body pings nobody but the roles that it names on purpose.
fn pings_nobody_else(scene: &Scene) {
    let mut messages = 0;
    for call in scene.discord.log().calls() {
        for body in [&call.body, &call.body["data"]] {
            if body.get("content").or(body.get("embeds")).is_none() {
                continue;
            }
            messages += 1;
            let allowed = &body["allowed_mentions"];
            assert_eq!(allowed["parse"], json!([]), "{}: {body}", call.route);
            let fields: Vec<&String> = allowed.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
            assert!(
                fields.iter().all(|field| ["parse", "roles"].contains(&field.as_str())),
                "{}: {allowed}",
                call.route
            );
            let is_asked = |role: &Value| role == "118000000000000302";
            assert!(allowed["roles"].as_array().into_iter().flatten().all(is_asked), "{}: {allowed}", call.route);
        }
    }
    assert!(messages > 20, "{messages} messages");
}
