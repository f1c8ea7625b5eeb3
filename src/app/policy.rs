//! `genkan policy test` and `check`: the rules held against cases, and against their schema. Neither needs AWS, nor a store.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{AppError, wire};
use crate::cli::args::Common;
use crate::cli::{Exit, Printer};
use crate::config::{Config, ConfigErrors, find};
use crate::policy::Policy;
use crate::policy::cases::{Environment, Freeze, Outcome, SHIPPED, World};

/// Holds the rules against the files of cases, or without files against those that are shipped and the operator's own.
///
/// # Errors
/// Where the config, the rules or a file of cases cannot be worked with.
pub(super) fn test(common: &Common, files: &[PathBuf], printer: &Printer) -> Result<Exit, AppError> {
    let config = config(common)?;
    let (own, now) = (with_the_operators(config.as_ref())?, Timestamp::now());
    let world = |at| config.as_ref().map(|config| world(config, at)).unwrap_or_default();
    let mut outcomes = Vec::new();
    if files.is_empty() {
        // They say what the built-in rules do, whatever an operator forbids or permits besides.
        let built_in = Policy::built_in();
        for (file, text) in SHIPPED {
            outcomes.extend(built_in.try_cases(file, text, &|_| World::default(), now).map_err(AppError::Settings)?);
        }
    }
    let theirs = match (files, &config) {
        ([], Some(config)) => config.policy.tests().map_err(|error| unreadable("[policy] rules", &error))?,
        (files, _) => read(files, "toml")?,
    };
    for (file, text) in &theirs {
        outcomes.extend(own.try_cases(file, text, &world, now).map_err(AppError::Settings)?);
    }
    printer.result(&outcomes, || drawn(&outcomes));
    Ok(if outcomes.iter().all(|outcome| outcome.ok) { Exit::Done } else { Exit::Failed })
}

/// Checks the rules in these files besides the built-in ones, or without files those of the config.
///
/// # Errors
/// Every problem of the rules; where the config or a file cannot be read.
pub(super) fn check(common: &Common, files: &[PathBuf], printer: &Printer) -> Result<Exit, AppError> {
    let rules = match (files, config(common)?) {
        ([], Some(config)) => config.policy.files().map_err(|error| unreadable("[policy] rules", &error))?,
        (files, _) => read(files, "cedar")?,
    };
    let broken = match Policy::with(&rules) {
        Ok(policy) => {
            let (digest, files) = (policy.digest(), rules.iter().map(|(file, _)| file).collect::<Vec<_>>());
            let (built_in, own) = (Policy::built_in().ids().len(), policy.ids().len());
            let told = serde_json::json!({"ok": true, "digest": digest, "rules": policy.ids(), "files": files, "problems": []});
            printer.result(&told, || {
                format!(
                    "{own} rules are well: {built_in} built in, {} of yours (digest {})\n",
                    own - built_in,
                    digest.short()
                )
            });
            return Ok(Exit::Done);
        }
        Err(broken) => broken,
    };
    if printer.is_json() {
        printer.result(&serde_json::json!({"ok": false, "problems": broken}), String::new);
        return Ok(Exit::Usage);
    }
    Err(wire::as_config_errors(broken).into())
}

/// The config, where there is one; the rules can be tried without.
fn config(common: &Common) -> Result<Option<Config>, AppError> {
    match find(common.config.as_deref()) {
        Ok(path) => Ok(Some(Config::load(&path)?.config)),
        Err(ConfigErrors::NotFound { .. }) if common.config.is_none() => Ok(None),
        Err(errors) => Err(errors.into()),
    }
}

fn with_the_operators(config: Option<&Config>) -> Result<Policy, AppError> {
    Ok(config.map_or_else(|| Ok(Policy::built_in()), wire::policy)?)
}

/// The environments and people of a config, as they are at a moment.
fn world(config: &Config, at: Timestamp) -> World {
    let people = config.people.iter().map(|person| (person.name.clone(), person.groups.clone())).collect();
    let environments = config.environments.iter().map(|(name, settings)| {
        let environment = Environment {
            requesters: settings.requesters.clone(),
            approvers: settings.approvers_at(at),
            production: settings.is_production(name),
            approvals: settings.approvals,
            approvals_to_destroy: settings.approvals_to_destroy,
            frozen: settings.frozen_at(at).map(|freeze| Freeze { until: freeze.until, why: freeze.why.clone() }),
        };
        (name.clone(), environment)
    });
    World { people, environments: environments.collect() }
}

/// The files, and those of the folders with that ending: each one's path and text.
fn read(paths: &[PathBuf], ending: &str) -> Result<Vec<(String, String)>, AppError> {
    let mut files = Vec::new();
    for path in paths {
        let found = if path.is_dir() { inside(path, ending) } else { Ok(vec![path.clone()]) };
        for file in found.map_err(|error| unreadable(&path.display().to_string(), &error))? {
            let text = std::fs::read_to_string(&file);
            files.push((
                file.display().to_string(),
                text.map_err(|error| unreadable(&file.display().to_string(), &error))?,
            ));
        }
    }
    Ok(files)
}

fn inside(folder: &Path, ending: &str) -> std::io::Result<Vec<PathBuf>> {
    let entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == ending));
    paths.sort();
    Ok(paths)
}

fn unreadable(what: &str, error: &std::io::Error) -> AppError {
    AppError::Settings(format!("{what}: {error}"))
}

/// Each case under its file, and how many there were.
fn drawn(outcomes: &[Outcome]) -> String {
    let (mut text, mut file) = (String::new(), "");
    for outcome in outcomes {
        if outcome.file != file {
            file = &outcome.file;
            text += &format!("{file}\n");
        }
        text += &format!("{outcome}\n");
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.ok).count();
    text + &format!("{} cases: {} ok, {failed} FAILED\n", outcomes.len(), outcomes.len() - failed)
}
