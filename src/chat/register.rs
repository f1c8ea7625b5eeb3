//! The slash commands as Discord knows them: names, options, descriptions, in every language.

use serde_json::{Map, Value};
use serenity::builder::{CreateCommand, CreateCommandOption};
use serenity::model::application::CommandOptionType;

/// A name or a description in each language.
struct Said {
    en: &'static str,
    ja: &'static str,
}

const fn said(en: &'static str, ja: &'static str) -> Said {
    Said { en, ja }
}

/// Discord's locales that are English. The default language needs keys of its own: without `en-US`, those who read that may be
/// shown `en-GB` (Application Commands, Localization).
const ENGLISH: [&str; 2] = ["en-US", "en-GB"];

/// Every command.
pub fn commands() -> Vec<CreateCommand> {
    vec![
        command("onboard", said("Let a project into an environment", "プロジェクトを環境に迎え入れる"))
            .add_option(project(true))
            .add_option(environment(true))
            .add_option(option(
                "repository",
                said("repository", "リポジトリ"),
                said("The project's GitHub repository: owner/name", "プロジェクトの GitHub リポジトリ（owner/name）"),
            ))
            .add_option(
                option(
                    "adopt",
                    said("adopt", "引き継ぎ"),
                    said(
                        "Resources made by hand that are taken over, by their names in the plan, with commas",
                        "手作業で作られたリソースのうち引き継ぐもの（プランでの名前、カンマ区切り）",
                    ),
                )
                .set_autocomplete(true),
            ),
        command("teardown", said("Show a project out of an environment", "プロジェクトを環境から送り出す"))
            .add_option(project(true))
            .add_option(environment(true)),
        command("status", said("What is really there, against what should be", "実際の状態と、あるべき状態を比べる"))
            .add_option(project(false))
            .add_option(environment(false)),
        command("requests", said("Requests, newest first", "申請の一覧（新しい順）")).add_option(which()),
        command("show", said("A request: its steps, its approvals, its history", "申請の手順・承認・履歴を見る"))
            .add_option(request()),
        command("retry", said("Take up again what failed in a request", "失敗した手順をもう一度実行する"))
            .add_option(request()),
        command("cancel", said("Cancel a request; what was done so far stays", "申請を取り消す（済んだ分は残る）"))
            .add_option(request()),
        command("approvals", said("What waits for your approval", "あなたの承認を待っているもの")),
        command("help", said("What the commands do, and who may do what", "コマンドの説明と、誰が何をできるか")),
    ]
}

/// A command. Its name is the same in every language: it is what people tell each other to type.
fn command(name: &str, description: Said) -> CreateCommand {
    let command = CreateCommand::new(name).description(description.en).description_localized("ja", description.ja);
    ENGLISH.into_iter().fold(command, |command, locale| command.description_localized(locale, description.en))
}

/// An option of text that may be left out.
fn option(key: &str, name: Said, description: Said) -> CreateCommandOption {
    let option = CreateCommandOption::new(CommandOptionType::String, key, description.en)
        .name_localized("ja", name.ja)
        .description_localized("ja", description.ja);
    ENGLISH.into_iter().fold(option, |option, locale| {
        option.name_localized(locale, name.en).description_localized(locale, description.en)
    })
}

fn which() -> CreateCommandOption {
    let choices = [
        ("mine", said("mine", "自分の申請")),
        ("waiting", said("waiting", "待っている申請")),
        ("all", said("all", "すべて")),
    ];
    let option = option("which", said("which", "対象"), said("Which requests are listed", "どの申請を一覧にするか"));
    choices.into_iter().fold(option, |option, (value, name)| choice(option, value, name))
}

fn choice(option: CreateCommandOption, value: &str, name: Said) -> CreateCommandOption {
    let names = ENGLISH.into_iter().map(|locale| (locale, name.en)).chain([("ja", name.ja)]);
    option.add_string_choice_localized(name.en, value, names)
}

fn project(required: bool) -> CreateCommandOption {
    option("project", said("project", "プロジェクト"), said("The project's name", "プロジェクト名"))
        .required(required)
        .set_autocomplete(true)
}

fn environment(required: bool) -> CreateCommandOption {
    option(
        "environment",
        said("environment", "環境"),
        said("The environment: dev, staging …", "環境（dev、staging など）"),
    )
    .required(required)
    .set_autocomplete(true)
}

fn request() -> CreateCommandOption {
    option(
        "request",
        said("request", "申請"),
        said("The request's id, or the beginning of it", "申請の ID、またはその先頭の数文字"),
    )
    .required(true)
    .set_autocomplete(true)
}

/// Whether the commands that Discord has are the ones that are wanted: what Discord adds of its own (ids, versions, defaults)
/// makes no difference, nor does the order of commands.
pub(super) fn same(there: &Value, wanted: &Value) -> bool {
    let sorted = |commands: &Value| {
        let mut commands: Vec<Value> = commands.as_array().into_iter().flatten().map(essence).collect();
        for command in &mut commands {
            // One without a type is a slash command.
            command.as_object_mut().map(|command| command.entry("type").or_insert_with(|| 1.into()));
        }
        commands.sort_by_key(|command| command["name"].to_string());
        commands
    };
    sorted(there) == sorted(wanted)
}

/// The body that registers these commands.
pub(super) fn body(commands: &Value) -> Value {
    commands.as_array().into_iter().flatten().map(essence).collect()
}

/// What a command, an option or a choice is, without what Discord adds and without what is as if it were not there.
fn essence(of: &Value) -> Value {
    const MEANT: [&str; 13] = [
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "choices",
        "value",
        "required",
        "autocomplete",
        "min_length",
        "max_length",
        "default_member_permissions",
    ];
    let mut fields = Map::new();
    for (key, value) in of.as_object().into_iter().flatten().filter(|(key, _)| MEANT.contains(&key.as_str())) {
        let value = match value {
            Value::Array(inner) => Value::Array(inner.iter().map(essence).collect()),
            plain => plain.clone(),
        };
        let is_default = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(inner) => inner.is_empty(),
            Value::Object(inner) => inner.is_empty(),
            _ => false,
        };
        if !is_default {
            fields.insert(key.clone(), value);
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests;
