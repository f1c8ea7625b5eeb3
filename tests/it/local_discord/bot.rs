//! A bot on the real serenity client that does one of everything, and writes down what it heard.

use std::sync::{Arc, Mutex};

use genkan::sandbox::discord::{LocalDiscord, ServedDiscord};
use serenity::Error as SerenityError;
use serenity::all::*;
use tokio::task::JoinHandle;

use super::{GUILD, PATIENCE, TOKEN};

/// What the bot heard: kind, who, in which language, what.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

struct Handler(Arc<Heard>);

/// A running bot; stopped when it is dropped.
pub(super) struct Bot {
    pub http: Arc<Http>,
    heard: Arc<Heard>,
    task: JoinHandle<Result<(), SerenityError>>,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bot {
    /// Connects, registers `/deploy`, and comes back when it is online.
    pub(super) async fn start(discord: &LocalDiscord, served: &ServedDiscord) -> Self {
        let bot = Self::connect(served).await;
        GuildId::new(GUILD).set_commands(&bot.http, vec![command()]).await.expect("registered");
        let online = discord.wait_for(PATIENCE, |discord| discord.online().then_some(())).await;
        online.expect("the bot comes online");
        bot
    }

    /// Begins to connect.
    pub(super) async fn connect(served: &ServedDiscord) -> Self {
        let heard = Arc::new(Heard::default());
        let http = HttpBuilder::new(TOKEN)
            .proxy(served.endpoint())
            .ratelimiter_disabled(true)
            .application_id(ApplicationId::new(super::BOT))
            .build();
        let mut client = ClientBuilder::new_with_http(http, GatewayIntents::empty())
            .event_handler(Handler(Arc::clone(&heard)))
            .await
            .expect("a client");
        let http = Arc::clone(&client.http);
        let task = tokio::spawn(async move { client.start().await });
        Self { http, heard, task }
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.0.lock().expect("no panic").clone()
    }

    /// How the client ended.
    pub(super) async fn end(&mut self) -> Result<(), SerenityError> {
        tokio::time::timeout(PATIENCE, &mut self.task).await.expect("in time").expect("no panic")
    }
}

fn command() -> CreateCommand {
    CreateCommand::new("deploy")
        .description("Deploy a service")
        .description_localized("ja", "サービスを配備する")
        .add_option(
            CreateCommandOption::new(CommandOptionType::String, "service", "Which one")
                .required(true)
                .set_autocomplete(true),
        )
}

fn quiet() -> CreateAllowedMentions {
    CreateAllowedMentions::new()
}

#[async_trait]
impl EventHandler for Handler {
    async fn interaction_create(&self, ctx: Context, interaction: Interaction) {
        let done = match &interaction {
            Interaction::Command(command) => self.deploy(&ctx, command).await,
            Interaction::Autocomplete(typed) => self.suggest(&ctx, typed).await,
            Interaction::Component(pressed) => self.pressed(&ctx, pressed).await,
            Interaction::Modal(sent) => self.sent(&ctx, sent).await,
            _ => Ok(()),
        };
        if let Err(error) = done {
            let code = match &error {
                SerenityError::Http(HttpError::UnsuccessfulRequest(answer)) => answer.error.code.to_string(),
                other => other.to_string(),
            };
            self.hear(format!("refused {code}"));
        }
    }
}

impl Handler {
    fn hear(&self, what: String) {
        self.0.0.lock().expect("no panic").push(what);
    }

    async fn deploy(&self, ctx: &Context, command: &CommandInteraction) -> serenity::Result<()> {
        let service = command.data.options[0].value.as_str().unwrap_or_default();
        let member = command.member.as_ref().expect("in a guild");
        self.hear(format!(
            "command {service} by {} in {} with {} roles",
            command.user.name,
            command.locale,
            member.roles.len()
        ));
        command.create_response(ctx, CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new())).await?;
        let button = |id: &str, label: &str| CreateButton::new(id).label(label);
        let row = CreateActionRow::Buttons(vec![
            button("approve", "Approve"),
            button("reject", "Reject"),
            button("old", "Old").disabled(true),
        ]);
        let embed = CreateEmbed::new().title(format!("Deploy {service}")).field("Where", "dev", true);
        let edit = EditInteractionResponse::new().embed(embed).components(vec![row]).allowed_mentions(quiet());
        let message = command.edit_response(ctx, edit).await?;
        assert_eq!(command.get_response(ctx).await?.id, message.id);
        Ok(())
    }

    async fn suggest(&self, ctx: &Context, typed: &CommandInteraction) -> serenity::Result<()> {
        let focused = typed.data.autocomplete().expect("something is typed");
        let choices = CreateAutocompleteResponse::new().add_string_choice(format!("{}-api", focused.value), "api");
        typed.create_response(ctx, CreateInteractionResponse::Autocomplete(choices)).await
    }

    async fn pressed(&self, ctx: &Context, pressed: &ComponentInteraction) -> serenity::Result<()> {
        self.hear(format!("button {} by {}", pressed.data.custom_id, pressed.user.name));
        if pressed.data.custom_id == "reject" {
            let input = CreateInputText::new(InputTextStyle::Paragraph, "Why?", "reason").min_length(3);
            let modal = CreateModal::new("rejected", "Reject").components(vec![CreateActionRow::InputText(input)]);
            return pressed.create_response(ctx, CreateInteractionResponse::Modal(modal)).await;
        }
        let message = CreateInteractionResponseMessage::new().content("approved").components(vec![]);
        let update = CreateInteractionResponse::UpdateMessage(message.allowed_mentions(quiet()));
        pressed.create_response(ctx, update).await
    }

    async fn sent(&self, ctx: &Context, sent: &ModalInteraction) -> serenity::Result<()> {
        let ActionRowComponent::InputText(input) = &sent.data.components[0].components[0] else {
            panic!("a text input");
        };
        self.hear(format!("modal {} {:?}", sent.data.custom_id, input.value));
        let message = CreateInteractionResponseMessage::new().content("thank you").ephemeral(true);
        sent.create_response(ctx, CreateInteractionResponse::Message(message.allowed_mentions(quiet()))).await?;
        let more = CreateInteractionResponseFollowup::new().content("noted").allowed_mentions(quiet());
        sent.create_followup(ctx, more).await.map(drop)
    }
}
