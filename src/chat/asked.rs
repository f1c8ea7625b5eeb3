//! What an interaction asks, read once from what Discord sent; and what a button may ask, from its id alone.

use serenity::model::application::{
    ActionRowComponent, CommandDataOptionValue, CommandInteraction, ModalInteraction, ModalInteractionData,
};

use super::text::typed;
use crate::model::{Digest, EnvironmentName, ProjectName, RequestId};

/// The text input of the modal that asks why somebody rejects.
pub(super) const REASON: &str = "reason";

/// The text input of the modal that asks to type the project's name.
pub(super) const PROJECT: &str = "project";

/// How much is kept of what somebody typed, to be shown to them again.
const WORDS: usize = 200;

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A slash command.
    Command(Command),
    /// A press of a button.
    Press(Press),
    /// A modal that was filled in.
    Filled(Filled),
    /// A command that this version does not know.
    Unknown,
    /// A button or a form that this version does not know: of an older one, or of something else.
    Old,
}

/// A slash command, with its options as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Onboard { project: String, environment: String, repository: Option<String>, adopt: Vec<String> },
    Teardown { project: String, environment: String },
    Status { project: Option<String>, environment: Option<String> },
    Requests { which: Of },
    Show { request: String },
    Retry { request: String },
    Cancel { request: String },
    Approvals,
    Help,
}

/// Whose requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Those of the person who asks.
    Mine,
    /// Those that wait for something.
    Waiting,
    /// All.
    All,
}

/// A press of a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Press {
    /// The number is that of the question which the message showed.
    Approve(Held, u64),
    Withdraw(Held, u64),
    Reject(Held),
    Details(RequestId),
    Cancel(RequestId),
    Retry(RequestId),
    Teardown(Shown),
}

/// A modal that was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filled {
    /// Why the request is rejected.
    Reject { held: Held, reason: String },
    /// The project's name, typed to confirm its teardown.
    Teardown { shown: Shown, typed: String },
}

/// A step that waited for approvals, as a message showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) request: RequestId,
    pub(super) digest: Digest,
}

/// A teardown as its plan was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) project: ProjectName,
    pub(super) environment: EnvironmentName,
    /// Whether data goes too.
    pub(super) destroy: bool,
    /// The first 16 digits of the digest of the plan that was shown.
    pub(super) plan: String,
}

impl Shown {
    /// The id that its button and its modal have.
    pub(super) fn id(&self) -> String {
        let how = if self.destroy { "destroy" } else { "keep" };
        format!("teardown:{}:{}:{how}:{}", self.project, self.environment, self.plan)
    }
}

impl Held {
    /// The id of the modal that asks why it is rejected.
    pub(super) fn reject_id(&self) -> String {
        format!("reject:{}:{}", self.request, self.digest)
    }
}

impl Asked {
    /// What a slash command asks.
    pub(super) fn command(interaction: &CommandInteraction) -> Self {
        let data = &interaction.data;
        let option = |name: &str| {
            let found = data.options.iter().find(|option| option.name == name)?;
            match &found.value {
                CommandDataOptionValue::String(text) => Some(typed(text)),
                _ => None,
            }
        };
        Command::read(&data.name, option).map_or(Self::Unknown, Self::Command)
    }

    /// What the press of the button with this id asks.
    pub(super) fn press(custom_id: &str) -> Self {
        Press::read(custom_id).map_or(Self::Old, Self::Press)
    }

    /// What a modal says that was filled in.
    pub(super) fn modal(interaction: &ModalInteraction) -> Self {
        let ModalInteractionData { custom_id, components, .. } = &interaction.data;
        let field = |name: &str| {
            components.iter().flat_map(|row| &row.components).find_map(|component| match component {
                ActionRowComponent::InputText(input) if input.custom_id == name => input.value.clone(),
                _ => None,
            })
        };
        let filled = match Press::read(custom_id) {
            Some(Press::Reject(held)) => field(REASON).map(|reason| Filled::Reject { held, reason: typed(&reason) }),
            Some(Press::Teardown(shown)) => field(PROJECT).map(|name| Filled::Teardown { shown, typed: name }),
            _ => None,
        };
        filled.map_or(Self::Old, Self::Filled)
    }

    /// What was asked, in words that can be shown to the person again; never a token.
    pub(super) fn words(&self) -> String {
        let text = match self {
            Self::Command(command) => command.words(),
            Self::Press(press) => press.words(),
            Self::Filled(Filled::Reject { held, .. }) => format!("reject {}", held.request),
            Self::Filled(Filled::Teardown { shown, .. }) => format!("teardown {} {}", shown.project, shown.environment),
            Self::Unknown | Self::Old => "?".to_owned(),
        };
        text.chars().take(WORDS).collect()
    }
}

impl Command {
    fn read(name: &str, option: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(match name {
            "onboard" => Self::Onboard {
                project: option("project")?,
                environment: option("environment")?,
                repository: option("repository").filter(|text| !text.is_empty()),
                adopt: listed(&option("adopt").unwrap_or_default()),
            },
            "teardown" => Self::Teardown { project: option("project")?, environment: option("environment")? },
            "status" => Self::Status { project: option("project"), environment: option("environment") },
            "requests" => Self::Requests {
                which: match option("which").as_deref() {
                    Some("mine") => Of::Mine,
                    Some("waiting") => Of::Waiting,
                    Some("all") | None => Of::All,
                    Some(_) => return None,
                },
            },
            "show" => Self::Show { request: option("request")? },
            "retry" => Self::Retry { request: option("request")? },
            "cancel" => Self::Cancel { request: option("request")? },
            "approvals" => Self::Approvals,
            "help" => Self::Help,
            _ => return None,
        })
    }

    fn words(&self) -> String {
        let (name, options): (_, Vec<Option<&str>>) = match self {
            Self::Onboard { project, environment, repository, adopt } => {
                let adopted = if adopt.is_empty() { String::new() } else { format!(" adopt:{}", adopt.join(",")) };
                let from = repository.as_ref().map(|text| format!(" repository:{text}")).unwrap_or_default();
                return format!("/onboard {project} {environment}{from}{adopted}");
            }
            Self::Teardown { project, environment } => ("teardown", vec![Some(project), Some(environment)]),
            Self::Status { project, environment } => ("status", vec![project.as_deref(), environment.as_deref()]),
            Self::Requests { which: Of::Mine } => ("requests", vec![Some("mine")]),
            Self::Requests { which: Of::Waiting } => ("requests", vec![Some("waiting")]),
            Self::Requests { which: Of::All } => ("requests", vec![]),
            Self::Show { request } => ("show", vec![Some(request)]),
            Self::Retry { request } => ("retry", vec![Some(request)]),
            Self::Cancel { request } => ("cancel", vec![Some(request)]),
            Self::Approvals => ("approvals", vec![]),
            Self::Help => ("help", vec![]),
        };
        let options: String = options.into_iter().flatten().map(|option| format!(" {option}")).collect();
        format!("/{name}{options}")
    }
}

impl Press {
    fn read(custom_id: &str) -> Option<Self> {
        let mut parts = custom_id.split(':');
        let (what, mut next) = (parts.next()?, || parts.next());
        let press = match what {
            "approve" => {
                Self::Approve(Held { request: next()?.parse().ok()?, digest: digest(next()?)? }, number(next()?)?)
            }
            "withdraw" => {
                Self::Withdraw(Held { request: next()?.parse().ok()?, digest: digest(next()?)? }, number(next()?)?)
            }
            "reject" => Self::Reject(Held { request: next()?.parse().ok()?, digest: digest(next()?)? }),
            "details" => Self::Details(next()?.parse().ok()?),
            "cancel" => Self::Cancel(next()?.parse().ok()?),
            "retry" => Self::Retry(next()?.parse().ok()?),
            "teardown" => Self::Teardown(Shown {
                project: next()?.parse().ok()?,
                environment: next()?.parse().ok()?,
                destroy: match next()? {
                    "keep" => false,
                    "destroy" => true,
                    _ => return None,
                },
                plan: Some(next()?).filter(|digits| is_hex(digits, 16))?.to_owned(),
            }),
            _ => return None,
        };
        next().is_none().then_some(press)
    }

    fn words(&self) -> String {
        match self {
            Self::Approve(held, _) => format!("approve {}", held.request),
            Self::Withdraw(held, _) => format!("withdraw {}", held.request),
            Self::Reject(held) => format!("reject {}", held.request),
            Self::Details(request) => format!("details {request}"),
            Self::Cancel(request) => format!("cancel {request}"),
            Self::Retry(request) => format!("retry {request}"),
            Self::Teardown(shown) => format!("teardown {} {}", shown.project, shown.environment),
        }
    }
}

/// The parts of a list that was typed with commas or spaces between them.
pub(super) fn listed(text: &str) -> Vec<String> {
    text.split([',', ' ', '、']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn digest(text: &str) -> Option<Digest> {
    is_hex(text, 64).then(|| Digest::from(text.to_owned()))
}

/// A number as it is written: no sign, no zeros before it.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "r-7k2m9x4bqd";

    fn full() -> String {
        "0123456789abcdef".repeat(4)
    }

    #[test]
    fn an_id_says_what_its_button_asks_and_the_modals_have_the_same_ids() {
        let held = Held { request: ID.parse().unwrap(), digest: Digest::from(full()) };
        for (word, press) in
            [("approve", Press::Approve(held.clone(), 12)), ("withdraw", Press::Withdraw(held.clone(), 12))]
        {
            assert_eq!(Asked::press(&format!("{word}:{ID}:{}:12", full())), Asked::Press(press));
        }
        assert_eq!(Asked::press(&held.reject_id()), Asked::Press(Press::Reject(held.clone())));
        assert!(held.reject_id().len() <= 100);
        for (word, press) in [
            ("details", Press::Details(ID.parse().unwrap())),
            ("cancel", Press::Cancel(ID.parse().unwrap())),
            ("retry", Press::Retry(ID.parse().unwrap())),
        ] {
            assert_eq!(Asked::press(&format!("{word}:{ID}")), Asked::Press(press));
        }
        for destroy in [false, true] {
            let shown = Shown {
                project: "a".repeat(32).parse().unwrap(),
                environment: "e".repeat(16).parse().unwrap(),
                destroy,
                plan: "0123456789abcdef".to_owned(),
            };
            assert!(shown.id().len() <= 100, "{}", shown.id());
            assert_eq!(Asked::press(&shown.id()), Asked::Press(Press::Teardown(shown)));
        }
    }

    #[test]
    fn what_is_not_wholly_one_of_ours_is_unknown() {
        for id in [
            "",
            "approve",
            &format!("approve:{ID}"),
            &format!("approve:{ID}:{}", full()),
            &format!("approve:{ID}:{}:12", &full()[1..]),
            &format!("approve:{ID}:{}:12", full().to_uppercase()),
            &format!("approve:{ID}:{}:more", full()),
            &format!("withdraw:{ID}:{}:012", full()),
            &format!("withdraw:{ID}:{}:12:more", full()),
            &format!("approve:r-1:{}:12", full()),
            &format!("details:{ID}:more"),
            "teardown:project-x:dev:keep:0123",
            "teardown:project-x:dev:both:0123456789abcdef",
            "teardown:Project-x:dev:keep:0123456789abcdef",
            &format!("deploy:{ID}"),
        ] {
            assert_eq!(Asked::press(id), Asked::Old, "{id}");
        }
    }

    #[test]
    fn a_command_is_read_with_its_options_and_said_again_in_its_words() {
        let options = |given: &'static [(&str, &str)]| {
            move |name: &str| given.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        };
        let read = Command::read(
            "onboard",
            options(&[("project", "project-x"), ("environment", "dev"), ("adopt", "bucket, secret,")]),
        );
        let onboard = Command::Onboard {
            project: "project-x".to_owned(),
            environment: "dev".to_owned(),
            repository: None,
            adopt: vec!["bucket".to_owned(), "secret".to_owned()],
        };
        assert_eq!(read.as_ref(), Some(&onboard));
        assert_eq!(Asked::Command(onboard).words(), "/onboard project-x dev adopt:bucket,secret");
        for (name, given, words) in [
            ("status", &[][..], "/status"),
            ("status", &[("environment", "dev")], "/status dev"),
            ("requests", &[("which", "mine")], "/requests mine"),
            ("requests", &[], "/requests"),
            ("show", &[("request", "r-7")], "/show r-7"),
            ("teardown", &[("project", "project-x"), ("environment", "dev")], "/teardown project-x dev"),
            ("approvals", &[], "/approvals"),
        ] {
            let command = Command::read(name, options(given)).expect("a command");
            assert_eq!(Asked::Command(command).words(), words);
        }
        for (name, given) in [
            ("onboard", &[("project", "project-x")][..]),
            ("requests", &[("which", "yours")]),
            ("show", &[]),
            ("deploy", &[]),
        ] {
            assert_eq!(Command::read(name, options(given)), None, "{name}");
        }
        let long = Command::Show { request: "x".repeat(6000) };
        assert_eq!(Asked::Command(long).words().chars().count(), WORDS);
    }
}
