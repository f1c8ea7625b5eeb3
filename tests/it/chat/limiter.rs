//! serenity's rate limiter, as against Discord itself: on, over https to `discord.com`, which here is a front of the local Discord's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use genkan::chat::drawn::Drawn;
use genkan::chat::listen::gateway::Patience;
use genkan::chat::rest::{Reply, Rest};
use genkan::sandbox::discord::LocalDiscord;
use genkan::sandbox::discord::faults::{Effect, Rule};
use secrecy::SecretString;
use serenity::builder::{CreateInteractionResponse, CreateInteractionResponseMessage};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::doors_gateway::Listening;
use crate::local_discord::{PLATFORM, TOKEN};

/// A front with a certificate for `discord.com` before the local Discord, and a client that takes it for Discord.
async fn discord_com(behind: SocketAddr) -> reqwest::Client {
    let made = rcgen::generate_simple_self_signed(["discord.com".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let front = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let Ok(mut inside) = TcpStream::connect(behind).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    reqwest::Client::builder()
        .tls_backend_native()
        .no_proxy()
        .add_root_certificate(reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap())
        .resolve("discord.com", front)
        .build()
        .unwrap()
}

fn throttled(discord: &LocalDiscord) -> usize {
    discord.log().calls().iter().filter(|call| call.status == Some(429)).count()
}

#[tokio::test]
async fn discords_limits_are_kept_before_they_are_reached_and_honoured_where_they_are() {
    let mut bot = Listening::start(Patience::default()).await;
    let rest = Rest::over(discord_com(bot.served.address).await, None, &SecretString::from(TOKEN));
    rest.application().await.unwrap();
    let (channel, text) = (PLATFORM.to_string().parse().unwrap(), Drawn::text("a card"));

    let waits = Duration::from_millis(700);
    for global in [false, true] {
        bot.discord.faults().add(Rule::next("POST message", Effect::TooMany { global, after: waits }));
        let begun = Instant::now();
        rest.post(&channel, &text, &[], &format!("global {global}")).await.unwrap();
        assert!(begun.elapsed() >= waits, "global: {global}");
    }
    assert_eq!(throttled(&bot.discord), 2);

    let card = rest.post(&channel, &text, &[], "card").await.unwrap();
    bot.discord.rates().limit("PATCH message", 2, Duration::from_secs(1));
    let begun = Instant::now();
    for _ in 0..5 {
        rest.edit(&channel, &card, &text).await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "five edits are three windows");
    assert!(throttled(&bot.discord) <= 3, "it waits by the headers, and does not run into each window's end");

    // Answers to interactions are outside the limits of all calls, and are not held up by them.
    bot.discord
        .faults()
        .add(Rule::next("PATCH message", Effect::TooMany { global: true, after: Duration::from_secs(5) }));
    let asked = bot.help().await;
    let reply =
        Reply { interaction: asked.id().get().to_string().parse().unwrap(), token: SecretString::from(asked.token()) };
    let response = CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new());
    let held_up = rest.edit(&channel, &card, &text);
    let acknowledged = async {
        let throttled = |discord: &LocalDiscord| {
            discord.log().calls_of("PATCH message").last().filter(|call| call.status == Some(429)).map(|_| ())
        };
        bot.discord.wait_for(Duration::from_secs(10), throttled).await.expect("the edit is throttled");
        let begun = Instant::now();
        rest.acknowledge(&reply, &response).await.unwrap();
        begun.elapsed()
    };
    let (edited, acknowledged_in) = tokio::join!(held_up, acknowledged);
    edited.unwrap();
    assert!(acknowledged_in < Duration::from_secs(2), "{acknowledged_in:?}");
}
