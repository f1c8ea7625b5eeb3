//! The words of chat: one catalogue in every language, its templates filled in, everything from outside escaped.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jiff::{Timestamp, Unit};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use regex::{Captures, Regex};
use serde::Deserialize;

use super::text::{self, LONGEST};
use crate::config::Config;
use crate::model::{AccountId, Language, Plan, Snowflake};

const CATALOGUE: &str = include_str!("catalogue.toml");

/// How long a list of names in a sentence may be.
const NAMES: usize = 140;

/// A hole in a phrase: `{name}`.
static HOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("a fixed pattern"));

/// What drawing needs besides what is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Who reads it reads this.
    pub language: Language,
    /// What the operator decided: accounts' names, approvers, the server's id for links.
    pub config: &'a Config,
}

/// A text in every language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    pub(super) en: String,
    pub(super) ja: String,
}

/// A text that the rooms below make for people, and what chat says instead. `{name}` stands for any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrase {
    /// The text as it is made.
    pub(super) is: String,
    /// What chat says in English, where that is something else.
    pub(super) en: Option<String>,
    /// In Japanese.
    pub(super) ja: String,
}

/// The file as it is written: sections of keys, and the phrases.
#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub(super) phrase: Vec<Phrase>,
    #[serde(flatten)]
    pub(super) sections: BTreeMap<String, BTreeMap<String, Said>>,
}

struct Catalogue {
    templates: Environment<'static>,
    phrases: Vec<(Regex, Phrase)>,
}

/// The catalogue's file.
pub(super) fn file() -> File {
    toml::from_str(CATALOGUE).expect("the catalogue is part of the program, and a test reads it")
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let File { phrase, sections } = file();
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_formatter(|out, _, value| {
            let written = if value.is_safe() {
                write!(out, "{value}")
            } else {
                write!(out, "{}", text::escape(&value.to_string(), LONGEST))
            };
            written.map_err(Into::into)
        });
        for (section, keys) in sections {
            for (key, Said { en, ja }) in keys {
                for (language, template) in [(Language::English, en), (Language::Japanese, ja)] {
                    let name = format!("{language}:{section}.{key}");
                    templates
                        .add_template_owned(name, template)
                        .expect("the catalogue is part of the program, and a test reads every template");
                }
            }
        }
        // The longest text of its own first: a phrase that is nearly all holes fits nearly everything.
        let mut phrase = phrase;
        phrase.sort_by_key(|phrase| std::cmp::Reverse(HOLE.replace_all(&phrase.is, "").len()));
        let phrases = phrase.into_iter().map(|phrase| (pattern(&phrase.is), phrase)).collect();
        Catalogue { templates, phrases }
    })
}

/// The pattern of a phrase: `{name}` is a group that matches anything, the rest is as it stands.
fn pattern(is: &str) -> Regex {
    let mut pattern = String::from("(?s)^");
    let mut rest = 0;
    for hole in HOLE.captures_iter(is) {
        let whole = hole.get_match();
        pattern.push_str(&regex::escape(&is[rest..whole.start()]));
        pattern.push_str(&format!("(?P<{}>.+?)", &hole[1]));
        rest = whole.end();
    }
    pattern.push_str(&regex::escape(&is[rest..]));
    pattern.push('$');
    Regex::new(&pattern).expect("the catalogue is part of the program, and a test reads every phrase")
}

impl Scene<'_> {
    /// What the catalogue says under that key, filled in. Values are escaped, unless they are safe: made by `text::code` or
    /// by a method here. A key that is not there, or a value that is missing, is a fault of ours: the key itself is shown.
    pub fn say(&self, key: &str, values: Value) -> String {
        self.try_say(key, values).unwrap_or_else(|why| {
            debug_assert!(false, "{key} cannot be said: {why}");
            tracing::error!(key, why, "chat has no words for this");
            key.to_owned()
        })
    }

    /// As [`Scene::say`], for a key that may not be there.
    ///
    /// # Errors
    /// What is missing.
    pub fn try_say(&self, key: &str, values: Value) -> Result<String, String> {
        let template = catalogue().templates.get_template(&format!("{}:{key}", self.language));
        template.and_then(|template| template.render(values)).map_err(|error| error.to_string())
    }

    /// A text without values.
    pub fn word(&self, key: &str) -> String {
        self.say(key, context! {})
    }

    /// The same, to be filled into another text.
    pub fn safe(&self, key: &str, values: Value) -> Value {
        Value::from_safe_string(self.say(key, values))
    }

    /// A text that the rooms below made for people, in this language where the catalogue knows it, otherwise as it is. Not
    /// escaped yet.
    pub fn phrase(&self, made: &str) -> String {
        self.translated(&self.without_external_ids(made))
    }

    /// An external id is for who may assume a role, and they read it in the config; what mends a trust policy quotes it.
    fn without_external_ids(&self, made: &str) -> String {
        let ids = self.config.accounts.values().filter_map(|account| account.external_id.as_deref());
        ids.fold(made.to_owned(), |text, id| {
            let text = text.replace(&format!("\"{id}\""), "\"(external_id in the config)\"");
            text.replace(&format!("`{id}`"), "`(external_id in the config)`")
        })
    }

    fn translated(&self, made: &str) -> String {
        for (pattern, phrase) in &catalogue().phrases {
            let Some(found) = pattern.captures(made) else { continue };
            let said = match self.language {
                Language::English => phrase.en.as_deref().unwrap_or(&phrase.is),
                Language::Japanese => &phrase.ja,
            };
            let filled = HOLE.replace_all(said, |hole: &Captures<'_>| {
                found.name(&hole[1]).map_or_else(String::new, |value| self.translated(value.as_str()))
            });
            return filled.into_owned();
        }
        made.to_owned()
    }

    /// What people call an account: its name, and its id to be copied.
    pub fn account(&self, plan: &Plan, id: &AccountId) -> Value {
        let known = self.config.account_by_id(id).map(|(name, _)| name);
        let name = plan.accounts.get(id).map(String::as_str).or(known);
        match name {
            Some(name) => {
                Value::from_safe_string(format!("{} {}", text::escape(name, 60), text::code(id.as_str(), 12)))
            }
            None => text::code(id.as_str(), 12),
        }
    }

    /// Groups of which one is enough.
    pub fn either(&self, groups: &[String]) -> Value {
        self.joined(groups.iter().map(String::as_str), "list.or")
    }

    /// Names, one after the other.
    pub fn names<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Value {
        self.joined(names, "list.and")
    }

    /// Names with that between them; of many the first.
    fn joined<'n>(&self, names: impl IntoIterator<Item = &'n str>, between: &str) -> Value {
        let between = self.word(between);
        let mut joined = String::new();
        for name in names {
            let name = text::escape(name, 60);
            if text::width(&joined) + text::width(&name) > NAMES {
                joined.push('…');
                break;
            }
            if !joined.is_empty() {
                joined.push_str(&between);
            }
            joined.push_str(&name);
        }
        Value::from_safe_string(joined)
    }

    /// How much of what would be lost: `12 objects`.
    pub fn amounts(&self, contents: &crate::model::Contents) -> Value {
        let amounts: Vec<String> = contents
            .iter()
            .map(|(what, n)| {
                let of_this = format!("amount.{what}");
                self.try_say(&of_this, context! { n })
                    .unwrap_or_else(|_| self.say("amount.other", context! { n, what }))
            })
            .collect();
        Value::from_safe_string(amounts.join(&self.word("list.and")))
    }

    /// The link to a message; none where the config does not say which server it is on.
    pub fn link(&self, channel: &Snowflake, message: &Snowflake) -> Option<String> {
        let guild = &self.config.discord.as_ref()?.guild;
        Some(format!("https://discord.com/channels/{guild}/{channel}/{message}"))
    }

    /// A length of time, in words.
    pub fn duration(&self, from: Timestamp, to: Timestamp) -> Value {
        let seconds = (to.as_second() - from.as_second()).max(0);
        let (hours, minutes) = (seconds / 3600, seconds / 60);
        let key = match seconds {
            0..60 => "time.seconds",
            60..3600 => "time.minutes",
            _ => "time.hours",
        };
        self.safe(key, context! { hours, minutes => minutes % 60, seconds => seconds % 60 })
    }
}

/// A moment as Discord shows it to each reader in their own time zone. `style`: `R` relative (it goes on by itself), `f` date and
/// time, `t` time.
pub fn moment(at: Timestamp, style: char) -> Value {
    let seconds = at.round(Unit::Second).unwrap_or(at).as_second();
    Value::from_safe_string(format!("<t:{seconds}:{style}>"))
}
