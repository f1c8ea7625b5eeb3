//! What the shape of the file cannot say: that names meet, that numbers make sense, that approvals can be given.

mod approvals;
mod audit;
mod discord;
mod people;
mod trust;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::accounts::partition;
use super::document::Document;
use super::problem::{ConfigErrors, Problem, instead_of};
use super::{Account, Bucket, Config, Environment, Limits, Role};

/// What is wrong with `config`, and what is odd about it. `document` is the file that it was read from.
pub(super) fn validate(config: &Config, document: &Document<'_>) -> (Vec<Problem>, Vec<Problem>) {
    let mut check = Check { config, document, errors: Vec::new(), warnings: Vec::new() };
    check.platform();
    check.accounts();
    for (name, environment) in &config.environments {
        check.environment(name.as_str(), environment);
        check.enough_for_the_rules(name, environment);
    }
    check.approving();
    check.blueprints();
    check.zones();
    check.people();
    check.secret();
    check.settings();
    check.limits();
    check.discord();
    check.audit();
    check.rules();
    (check.errors, check.warnings)
}

struct Check<'a> {
    config: &'a Config,
    document: &'a Document<'a>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn error(&mut self, way: &[&str], what: impl Into<String>, allowed: impl Into<Option<String>>) {
        self.errors.push(self.document.problem(way, what.into(), allowed.into()));
    }

    fn warning(&mut self, way: &[&str], what: impl Into<String>, allowed: impl Into<Option<String>>) {
        self.warnings.push(self.document.problem(way, what.into(), allowed.into()));
    }

    /// The account of that name, or an error at `way`.
    fn account(&mut self, way: &[&str], name: &str) -> Option<&'a Account> {
        let account = self.config.account(name);
        if account.is_none() {
            let allowed = instead_of(name, self.config.account_names());
            self.error(way, format!("there is no account `{name}` in [accounts]"), allowed);
        }
        account
    }

    fn platform(&mut self) {
        let platform = &self.config.platform;
        self.account(&["platform", "hub"], &platform.hub);
        if let Some(folder) = &platform.blueprints
            && !Path::new(folder).is_dir()
        {
            let mend =
                "expected a folder, relative to this file; leave it out to use the built-in blueprints".to_owned();
            self.error(&["platform", "blueprints"], format!("`{folder}` is not a folder"), mend);
        }
    }

    fn accounts(&mut self) {
        let mut seen: BTreeMap<_, &str> = BTreeMap::new();
        for (name, account) in &self.config.accounts {
            if let Some(other) = seen.insert(&account.id, name) {
                let what = format!("accounts `{other}` and `{name}` have the same id {}", account.id);
                self.error(
                    &["accounts", name, "id"],
                    what,
                    "name an account once, and use that name everywhere".to_owned(),
                );
            }
            for (field, role) in
                [("reader", &account.reader), ("writer", &account.writer), ("authoriser", &account.authoriser)]
            {
                self.role(&["accounts", name, field], role, name, account);
            }
            self.external_id(name, account.external_id.as_deref());
        }
    }

    fn external_id(&mut self, account: &str, external_id: Option<&str>) {
        // STS API Reference, AssumeRole.
        static CHARACTERS: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^[A-Za-z0-9_+=,.@:/-]+$").expect("a valid pattern"));
        let Some(text) = external_id else {
            let what =
                "its roles are assumed without an external id: whoever else may be led to name them could use them";
            let mend =
                "set external_id, and ask for it in the roles' trust policies (`genkan policies render`)".to_owned();
            return self.warning(&["accounts", account, "id"], what, mend);
        };
        if !(2..=1224).contains(&text.len()) || !CHARACTERS.is_match(text) {
            let what = format!("`{text}` is not an external id");
            self.error(
                &["accounts", account, "external_id"],
                what,
                "expected 2 to 1224 letters, digits and _+=,.@:/-".to_owned(),
            );
        }
    }

    /// A role's name, or its ARN in that account.
    fn role(&mut self, way: &[&str], role: &Role, account_name: &str, account: &Account) {
        // IAM API Reference, CreateRole: RoleName and Path.
        static NAME: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^/?([!-.0-~]+/){0,20}[A-Za-z0-9_+=,.@-]{1,64}$").expect("a valid pattern"));
        let text = role.0.as_str();
        let name = if text.starts_with("arn:") {
            let partition = partition(self.config.region_of(account));
            let own = format!("arn:{partition}:iam::{}:role/", account.id);
            if let Some(name) = text.strip_prefix(own.as_str()) {
                name
            } else {
                let what = format!("`{text}` is not the ARN of a role of account `{account_name}`");
                self.error(way, what, format!("expected `{own}NAME`, or the name alone"));
                return;
            }
        } else {
            text
        };
        if !NAME.is_match(name) {
            let what = format!("`{text}` is not a role");
            self.error(
                way,
                what,
                "expected its name (1 to 64 letters, digits and _+=,.@-, with its path before it) or ARN".to_owned(),
            );
        }
    }

    fn environment(&mut self, name: &str, environment: &Environment) {
        let way = ["environments", name];
        let of = |field| [way[0], way[1], field];
        self.account(&of("platform_account"), &environment.platform_account);
        match &environment.account {
            Some(account) => drop(self.account(&of("account"), account)),
            None if environment.accounts.is_empty() => self.error(
                &way,
                "no project can get an account here",
                "expected `account` (one that projects share), or `accounts` (project = account)".to_owned(),
            ),
            None => {}
        }
        for (project, account) in &environment.accounts {
            let way = [way[0], way[1], "accounts", project.as_str()];
            self.account(&way, account);
            if let Err(why) = self.config.project(project.as_str()) {
                self.error(&way, why.to_string(), "see [names] project_prefix".to_owned());
            }
        }
        self.approvals(name, environment);
        self.stand_ins(name, environment);
        self.freezes(name, environment);
    }

    /// Every blueprint that an environment names is there and can be read; each is looked at once.
    fn blueprints(&mut self) {
        let mut seen = Vec::new();
        for (name, environment) in &self.config.environments {
            if seen.contains(&&environment.blueprint) {
                continue;
            }
            seen.push(&environment.blueprint);
            let way = ["environments", name.as_str(), "blueprint"];
            match self.config.blueprint(&environment.blueprint) {
                Ok(_) => {}
                Err(ConfigErrors::NoBlueprint { name, allowed }) => {
                    self.error(&way, format!("there is no blueprint `{name}`"), allowed);
                }
                Err(ConfigErrors::Wrong(problems)) => self.errors.extend(problems),
                Err(other) => self.error(&way, other.to_string(), None),
            }
        }
    }

    fn zones(&mut self) {
        // RFC 1035 labels, and the underscore that Route 53 allows.
        static NAME: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?$")
                .expect("a valid pattern")
        });
        let mut seen: BTreeMap<_, (&str, &str, &str)> = BTreeMap::new();
        for (name, environment) in &self.config.environments {
            let (zone, owner) = (&environment.zone, environment.platform_account.as_str());
            let way = ["environments", name.as_str(), "zone"];
            if zone.name.len() > 255 || !NAME.is_match(&zone.name) {
                let what = format!("`{}` is not a zone's name", zone.name);
                self.error(
                    &[way[0], way[1], way[2], "name"],
                    what,
                    "expected a domain name in lower case, such as dev.platform.internal".to_owned(),
                );
            }
            let called = zone.name.trim_end_matches('.');
            let (first, other, other_owner) = *seen.entry(&zone.id).or_insert((name.as_str(), called, owner));
            if (other, other_owner) != (called, owner) {
                let what = format!(
                    "zone {} is `{called}` of {owner} here and `{other}` of {other_owner} in environment {first}",
                    zone.id
                );
                self.error(&[way[0], way[1], way[2], "id"], what, "a zone has one name and one account".to_owned());
            }
        }
    }

    fn secret(&mut self) {
        let secret = &self.config.secret;
        let name = secret.account.as_ref().unwrap_or(&self.config.platform.hub);
        let account = match &secret.account {
            Some(name) => self.account(&["secret", "account"], name),
            None => self.config.account(name), // a hub that does not exist is said at the hub
        };
        if let Some(account) = account {
            self.role(&["secret", "reader"], &secret.reader, name, account);
        }
        // Secrets Manager API Reference, CreateSecret: Name; up to 512 there. A session policy holds it ten times.
        static NAME: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^[A-Za-z0-9/_+=.@-]{1,64}$").expect("a valid pattern"));
        if !NAME.is_match(&secret.name) {
            let what = format!("`{}` is not a secret's name", secret.name);
            self.error(
                &["secret", "name"],
                what,
                "expected 1 to 64 letters, digits and /_+=.@-, not an ARN".to_owned(),
            );
        }
    }

    fn settings(&mut self) {
        let Config { names, sessions, store, .. } = self.config;
        let prefix = &names.project_prefix;
        if !prefix.is_empty() && format!("{prefix}x").parse::<crate::model::ProjectName>().is_err() {
            self.error(
                &["names", "project_prefix"],
                format!("no project's name can begin with `{prefix}`"),
                "expected at most 31 of a-z, 0-9 and -, beginning with a letter, such as `project-`".to_owned(),
            );
        }
        if !(15..=60).contains(&sessions.minutes) {
            let what = format!("a session cannot last {} minutes", sessions.minutes);
            let why = "expected 15 to 60: STS gives no less than 15, and a role assumed from a role no more than 60"
                .to_owned();
            self.error(&["sessions", "minutes"], what, why);
        }
        if store.url.strip_prefix("sqlite:").is_none_or(str::is_empty) {
            let what = format!("`{}` is not a store", store.url);
            self.error(&["store", "url"], what, "expected `sqlite:PATH`, such as `sqlite:genkan.db`".to_owned());
        }
    }

    fn limits(&mut self) {
        for (service, limits) in &self.config.limits.0 {
            let way = ["limits", service.as_str()];
            if !Limits::SERVICES.contains(&service.as_str()) {
                let allowed = instead_of(service, Limits::SERVICES);
                self.error(&way, format!("`{service}` is not a service that is called"), allowed);
            }
            self.bucket(&[way[0], way[1], "account"], limits.account);
            for (action, bucket) in &limits.actions {
                self.bucket(&[way[0], way[1], "actions", action], *bucket);
            }
        }
    }

    fn bucket(&mut self, way: &[&str], bucket: Bucket) {
        for (field, value) in [("burst", bucket.burst), ("per_second", bucket.per_second)] {
            if value == 0 {
                let way = [way, &[field]].concat();
                self.error(
                    &way,
                    format!("`{field}` is 0: nothing could ever be called"),
                    "expected 1 or more".to_owned(),
                );
            }
        }
    }
}
