//! The searcher finds what is planted: each kind of secret, in each encoding, in a copy of each kind of surface. Otherwise that it
//! finds nothing would say nothing.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sqlx::{Connection, Executor, SqliteConnection};
use tracing_subscriber::layer::SubscriberExt;

use super::forms::{FORMS, Form, zlib};
use super::search::{Canary, Searcher, Surface};

/// One of each kind, as each looks.
pub fn kinds() -> Vec<Canary> {
    [
        ("bot token", "bot-vT3qZ8.kW1xN6_yR4mB9-hJ2sD7"),
        ("interaction token", "aW50ZXJhY3Rpb246OTg3NjU0MzIxMDk4NzY1NDMyMTpRd0VyVHlVaU9wQXM"),
        ("webhook address", "/webhooks/118000000000000500/Zx7Cv2Bn9Mq4Wt6Yp1Lk8Jh3"),
        ("access key id", "ASIAQ7Z2W9X4C1V8B5N3"),
        ("secret key of a session", "pL9/oK2+iJ7uH4yG1tF8rD5eS3wA6qZ0xC9vB2nM"),
        ("session token", "FwoGZXIvYXdzEJr//////////wEaDNq8Zk3Tt0Vw5Yy2Xx1Ww0+Aa9/Bb8=="),
        ("secret key of the hub", "hU8/bK3+eY6sT1rO9nG4wQ7zX2cV5mL0pJ8iD3fA"),
        ("GitHub token", "ghp_7Hq2Wn9Lx4Vc8Zk3Tb6Ym1Rd5Sf0Pg2Jt4Ke"),
        ("rotated GitHub token", "r0t\"Ated\\8/Vb+2=Xk~5é;Wq9&Zt3<Lm>6'Pn1"),
        ("SecureString", "s3cure-Str1ng-0f-a-p4rameter-Qz8"),
        ("external id", "ext-9f2c7b4e-1d8a-4c36-b5e0"),
        ("audit key", "9a4e01c7d2b8f356e0914ac7bd52f8630e7c1b9da5483f26c0d71e8b4a95f362"),
        ("authorization", "4f1c9e7b2a8d6035c1e9f7a3b5d2840c6e1f9a7b3d5c2e8f0a4b6c8d1e3f5a79"),
    ]
    .map(|(kind, value)| Canary { kind, value: value.to_owned() })
    .to_vec()
}

/// A copy of each kind of surface, with something in the middle of it.
fn surfaces(with: &[u8]) -> Vec<Surface> {
    let around = |before: &str, after: &str| [before.as_bytes(), with, after.as_bytes()].concat();
    let text = "2026-01-02T03:04:05.000006Z DEBUG genkan::aws::hand: called account=222222222201 ";
    let json = r#"{"timestamp":"2026-01-02T03:04:05.000006Z","level":"DEBUG","fields":{"message":"called","account":""#;
    let page: Vec<u8> = (0..256_u32).map(|n| u8::try_from(n * 7 % 251).expect("a byte")).collect();
    vec![
        Surface::new("log", around(&format!("{text}code=x\n{text}why="), &format!(" ms=3\n{text}\n"))),
        Surface::new("log in JSON", around(json, "\"}}\n")),
        Surface::new("a span's field", around("INFO step{id=bucket why=\"", "\"}: genkan::engine: begun\n")),
        Surface::new("database", [page.as_slice(), with, page.as_slice()].concat()),
        Surface::new("chat", around(r#"{"content":"","embeds":[{"description":"failed: "#, r#""}]}"#)),
        Surface::new("panic", around("thread 'main' panicked at src/x.rs:1:2:\n", "\n   0: rust_begin_unwind\n")),
        Surface::new("output", around("error: ", "\n")),
        Surface::new("arguments", around("genkan\0onboard\0", "\0")),
    ]
}

#[test]
fn every_kind_in_every_encoding_on_every_surface_is_found() {
    let mut planted = 0;
    for canary in kinds() {
        let searcher = Searcher::new([&canary]);
        for form in FORMS {
            for surface in surfaces(&form.of(&canary.value)) {
                let hits = searcher.search(&surface);
                assert!(!hits.is_empty(), "{} as {form:?} in {} is not found", canary.kind, surface.name);
                planted += 1;
            }
        }
        for surface in surfaces(&zlib(&canary.value)) {
            assert!(!searcher.search(&surface).is_empty(), "{} packed in {}", canary.kind, surface.name);
        }
        for surface in surfaces(b"nothing but 4993e8240f42 and arn:aws:s3:::project-x-dev") {
            assert!(searcher.search(&surface).is_empty(), "{} is not in {}", canary.kind, surface.name);
        }
    }
    assert_eq!(planted, 1664, "docs/secrets.md says how many");
}

#[test]
fn a_part_of_a_secret_is_found_too() {
    for canary in kinds() {
        let searcher = Searcher::new([&canary]);
        let part: String = canary.value.chars().skip(3).take(16).collect();
        for form in [Form::Raw, Form::HexLower, Form::Reversed, Form::Utf16, Form::JsonEscaped, Form::Bytes] {
            assert!(!searcher.search(&Surface::new("a part", form.of(&part))).is_empty(), "{} {form:?}", canary.kind);
        }
    }
}

/// What a program would do that logs a token by mistake, past the product's redactor.
#[test]
fn a_bug_that_logs_a_secret_is_found() {
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);
    impl Write for Page {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for canary in kinds() {
        for as_json in [false, true] {
            let page = Page::default();
            let writer = page.clone();
            let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
            let registry = tracing_subscriber::registry();
            let subscriber: Box<dyn tracing::Subscriber + Send + Sync> =
                if as_json { Box::new(registry.with(layer.json())) } else { Box::new(registry.with(layer)) };
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!("step", token = ?canary.value.as_bytes());
                let _within = span.enter();
                tracing::info!("called");
            });
            let log = page.0.lock().unwrap().clone();
            assert!(!Searcher::new([&canary]).search(&Surface::new("log", log)).is_empty(), "{}", canary.kind);
        }
    }
}

/// What a program would do that writes a token into its database, and thinks that deleting it is enough.
#[tokio::test]
async fn a_secret_that_was_deleted_from_the_database_is_found_in_its_pages() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("genkan.db");
    let mut store = SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
    store.execute("pragma secure_delete = off; create table event (why text)").await.unwrap();
    for canary in kinds() {
        sqlx::query("insert into event values (?)").bind(&canary.value).execute(&mut store).await.unwrap();
    }
    store.execute("delete from event").await.unwrap();
    store.close().await.unwrap();
    let surface = Surface::new("database", std::fs::read(&file).unwrap());
    for canary in kinds() {
        assert!(!Searcher::new([&canary]).search(&surface).is_empty(), "{}", canary.kind);
    }
}
