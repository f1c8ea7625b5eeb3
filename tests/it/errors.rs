//! What a script sees when something is refused: one JSON document, and an exit code that says of what sort it was.

use std::process::Command;

use serde_json::Value;

/// The exit code and the document of a command that fails before it asks AWS anything.
fn json_of(arguments: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("genkan.toml");
    std::fs::write(&config, include_str!("../../config/sandbox.toml")).expect("written");
    let ended = Command::new(env!("CARGO_BIN_EXE_genkan"))
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_ACCESS_KEY_ID", "AKIAMADEUP")
        .env("AWS_SECRET_ACCESS_KEY", "made-up")
        .env("GENKAN_CONFIG", &config)
        .args(["--json"])
        .args(arguments)
        .output()
        .expect("it runs");
    let document = serde_json::from_slice(&ended.stdout);
    (ended.status.code(), document.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {ended:?}")))
}

#[test]
fn an_error_is_a_document_too() {
    for (arguments, code, part, why) in [
        (&["--as", "aiko", "plan", "project-x", "nowhere"][..], 2, "expected one of `dev`", "unknown-environment"),
        (&["--as", "aiko", "show", "r-2345678923"], 1, "there is no request", "no-such-request"),
        (&["--as", "nobody", "requests"], 4, "nobody is called", "unknown-name"),
        (&["--as", "guest", "onboard", "project-x", "dev", "--yes"], 4, "guest may not", "forbidden"),
        (&["--config", "/nowhere/genkan.toml", "requests"], 2, "no config file", ""),
    ] {
        let (exit, document) = json_of(arguments);
        assert_eq!(exit, Some(code), "{arguments:?}: {document}");
        assert_eq!(document["exit_code"], code);
        assert!(document["error"].as_str().is_some_and(|error| error.contains(part)), "{arguments:?}: {document}");
        assert_eq!(document["why"]["why"].as_str().unwrap_or_default(), why, "{arguments:?}: {document}");
    }
}
