//! What can be typed next: projects, environments, requests, resources. Never written down, and never late: whatever happens,
//! there is an answer in time, if need be an empty one.

use std::time::Duration;

use serenity::builder::{AutocompleteChoice, CreateAutocompleteResponse, CreateInteractionResponse};
use serenity::model::application::{CommandDataOptionValue, CommandInteraction};

use super::Chat;
use super::incoming::Incoming;
use crate::config::Config;
use crate::model::{EnvironmentName, Person, Request, RequestState};
use crate::requests::DeskError;
use crate::requests::show::Which;

/// How long is looked for choices; Discord waits 3 s in all.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Discord's limits for choices: how many, and how long each is.
const CHOICES: usize = 25;
const LONGEST: usize = 100;

/// Among how many requests is looked for what was typed.
const LOOKED_AT: u32 = 200;

/// One choice: what is shown, and what is typed if it is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    name: String,
    value: String,
}

/// Answers what could be typed next.
pub(super) async fn complete(chat: &Chat, incoming: &Incoming, command: &CommandInteraction) {
    let interaction = incoming.reference();
    let Some(_place) = chat.crowd.typing.enter(&incoming.user) else {
        return tracing::debug!(interaction, "somebody types faster than anybody can");
    };
    let choices = match tokio::time::timeout(PATIENCE, choices(chat, incoming, command)).await {
        Ok(Ok(choices)) => choices,
        Ok(Err(error)) => {
            tracing::warn!(interaction, %error, "there was nothing to choose from");
            vec![]
        }
        Err(_) => {
            tracing::warn!(interaction, "it took too long to find what to choose from");
            vec![]
        }
    };
    let choices = fitting(choices).map(|choice| AutocompleteChoice::new(choice.name, choice.value)).collect();
    let response = CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new().set_choices(choices));
    if let Err(error) = chat.rest.acknowledge(&incoming.reply, &response).await {
        tracing::debug!(interaction, %error, "the choices were not wanted any more");
    }
}

/// As many as Discord takes, each as long as it takes.
fn fitting(choices: Vec<Choice>) -> impl Iterator<Item = Choice> {
    let fits = |text: &str| !text.is_empty() && text.chars().count() <= LONGEST;
    let cut = |name: String| name.chars().take(LONGEST).collect();
    choices
        .into_iter()
        .filter(move |choice| fits(&choice.value))
        .map(move |choice| Choice { name: cut(choice.name), ..choice })
        .take(CHOICES)
}

async fn choices(chat: &Chat, incoming: &Incoming, command: &CommandInteraction) -> Result<Vec<Choice>, DeskError> {
    let (Some(roles), Some(typing)) = (&incoming.roles, command.data.autocomplete()) else { return Ok(vec![]) };
    let (desk, config) = (&chat.desk, chat.desk.config());
    if !incoming.is_from(config.discord.as_ref()) {
        return Ok(vec![]);
    }
    let person = desk.member(&incoming.user, roles)?;
    let other = |name: &str| {
        let found = command.data.options.iter().find(|option| option.name == name);
        found.and_then(|option| match &option.value {
            CommandDataOptionValue::String(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let typed = typing.value.trim();
    Ok(match typing.name {
        "project" => projects(config, typed, desk.known_projects(&person).await?.iter().map(|name| name.as_str())),
        "environment" => environments(config, typed, other("project")),
        "adopt" => resources(config, typing.value, other("environment")),
        "request" => requests(typed, &open_requests(chat, &person, &command.data.name).await?),
        _ => vec![],
    })
}

/// The projects that are known and contain what was typed; then what was typed, if a project may be called that.
fn projects<'k>(config: &Config, typed: &str, known: impl Iterator<Item = &'k str>) -> Vec<Choice> {
    let typed = typed.to_lowercase();
    let mut found: Vec<Choice> = known.filter(|name| name.contains(&typed)).map(same).collect();
    // Who types a new project's name finds it even where many known ones contain it.
    found.truncate(CHOICES - 1);
    if config.project(&typed).is_ok() && found.iter().all(|choice| choice.value != typed) {
        found.push(same(&typed));
    }
    found
}

/// The environments that the project can go to, and that contain what was typed.
fn environments(config: &Config, typed: &str, project: Option<&str>) -> Vec<Choice> {
    let typed = typed.to_lowercase();
    let project = project.and_then(|name| config.project(name.trim()).ok());
    let has_place = |environment: &EnvironmentName| {
        project.as_ref().is_none_or(|name| config.account_of(name, environment).is_some())
    };
    let names = config.environments.keys().filter(|name| name.as_str().contains(&typed) && has_place(name));
    names.map(|name| same(name.as_str())).collect()
}

/// The resources of the environment's blueprint (of every environment's, while none is named), after those that were named
/// already.
fn resources(config: &Config, typed: &str, environment: Option<&str>) -> Vec<Choice> {
    let (before, last) = typed.rsplit_once(',').map_or(("", typed), |(before, last)| (before, last));
    let named = super::asked::listed(before);
    let last = last.trim().to_lowercase();
    let is_meant = |name: &EnvironmentName| environment.is_none_or(|meant| meant.trim() == name.as_str());
    let meant = config.environments.iter().filter(|(name, _)| is_meant(name));
    let blueprints = meant.filter_map(|(_, settings)| config.blueprint(&settings.blueprint).ok());
    let mut ids: Vec<String> =
        blueprints.flat_map(|blueprint| blueprint.resources).map(|resource| resource.id.to_string()).collect();
    let mut met = std::collections::HashSet::new();
    ids.retain(|id| id.contains(&last) && !named.contains(id) && met.insert(id.clone()));
    let listed = |id: &String| named.iter().chain([id]).cloned().collect::<Vec<_>>().join(",");
    ids.iter().map(|id| same(&listed(id))).collect()
}

/// The requests that a command can be about, the newest first.
async fn open_requests(chat: &Chat, person: &Person, command: &str) -> Result<Vec<Request>, DeskError> {
    let states = if command == "show" { vec![] } else { vec![RequestState::Open, RequestState::Failed] };
    chat.desk.list(person, &Which { states, limit: LOOKED_AT, ..Which::default() }).await
}

/// The requests that what was typed may mean: by id, project, environment, or who asked.
fn requests(typed: &str, requests: &[Request]) -> Vec<Choice> {
    let typed = typed.to_lowercase();
    let named = requests.iter().map(|request| {
        let plan = &request.plan;
        let what = format!("{} · {} {} {}", request.id, plan.direction, plan.project, plan.environment);
        Choice { name: format!("{what} · {} · {}", request.by, request.state), value: request.id.to_string() }
    });
    named.filter(|choice| choice.name.to_lowercase().contains(&typed)).collect()
}

fn same(text: &str) -> Choice {
    Choice { name: text.to_owned(), value: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = include_str!("../../config/sandbox.toml");
        Config::parse(text, std::path::Path::new("genkan.toml")).expect("the sandbox's config is sound").config
    }

    fn values(choices: Vec<Choice>) -> Vec<String> {
        fitting(choices).map(|choice| choice.value).collect()
    }

    #[test]
    fn known_projects_come_first_and_then_what_was_typed() {
        let known = ["project-x", "project-y", "other-one"];
        let find = |typed: &str| values(projects(&config(), typed, known.into_iter()));
        assert_eq!(find(""), known);
        assert_eq!(find("PROJ"), ["project-x", "project-y", "proj"], "a new name that is well is offered");
        assert_eq!(find("project-x"), ["project-x"], "once");
        assert_eq!(find("-"), ["project-x", "project-y", "other-one"], "no project is called that");
        let many: Vec<String> = (0..60).map(|n| format!("project-{n}")).collect();
        let found = values(projects(&config(), "project", many.iter().map(String::as_str)));
        assert_eq!((found.len(), found.last().map(String::as_str)), (CHOICES, Some("project")));
    }

    #[test]
    fn only_environments_that_the_project_can_go_to() {
        let mut config = config();
        assert_eq!(values(environments(&config, "", None)), ["dev", "production", "staging"]);
        assert_eq!(values(environments(&config, "D", Some("project-x"))), ["dev", "production"]);
        let staging = config.environments.get_mut(&"staging".parse::<EnvironmentName>().expect("a name"));
        let staging = staging.expect("an environment");
        staging.account = None;
        staging.accounts.insert("project-y".parse().expect("a name"), "project-staging".to_owned());
        assert_eq!(values(environments(&config, "", Some("project-x"))), ["dev", "production"]);
        assert_eq!(values(environments(&config, "", Some("project-y"))), ["dev", "production", "staging"]);
    }

    #[test]
    fn a_list_of_resources_is_completed_at_its_last_part() {
        let config = config();
        let all = values(resources(&config, "", Some("dev")));
        assert!(all.contains(&"bucket".to_owned()) && all.contains(&"zone-association".to_owned()), "{all:?}");
        assert_eq!(values(resources(&config, "zone", Some("dev"))), ["zone-association"]);
        assert_eq!(values(resources(&config, "bucket, zone", Some("dev"))), ["bucket,zone-association"]);
        assert!(!values(resources(&config, "bucket,", Some("dev"))).contains(&"bucket,bucket".to_owned()), "once");
        assert_eq!(values(resources(&config, "zone", None)), ["zone-association"], "of any environment, once");
        assert!(values(resources(&config, "", Some("nowhere"))).is_empty());
    }

    #[test]
    fn what_discord_would_not_take_is_left_out_or_cut() {
        let long = Choice { name: "n".repeat(200), value: "v".repeat(100) };
        let too_long = Choice { name: "n".to_owned(), value: "v".repeat(101) };
        let fit: Vec<Choice> = fitting(vec![too_long, long.clone(), same("")]).collect();
        assert_eq!(fit, [Choice { name: "n".repeat(100), ..long }]);
    }
}
