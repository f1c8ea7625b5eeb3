//! The process itself: no core dump can be had of it, its arguments and its children's environment hold no secret.
#![cfg(target_os = "linux")]

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::scene::{BOT, HUB_KEY, PATIENCE};
use super::search::{Canary, Searcher, Surface, none};

/// Nobody's id: root owns its own processes' files in /proc whether they can be dumped or not.
const NOBODY: u32 = 65534;

fn as_nobody(command: &mut Command) -> &mut Command {
    let is_root = std::fs::metadata("/proc/self").expect("there is a /proc").uid() == 0;
    if is_root { command.uid(NOBODY).gid(NOBODY) } else { command }
}

fn proc(child: &Child, what: &str) -> String {
    format!("/proc/{}/{what}", child.id().expect("it runs"))
}

/// Of a process that cannot be dumped the files in /proc are root's (proc(5), on /proc/pid).
fn can_be_dumped(child: &Child) -> bool {
    std::fs::metadata(proc(child, "environ")).expect("it is there").uid() != 0
}

/// The sandbox, which opens a browser that only writes down what it is given.
fn sandbox(folder: &Path) -> Child {
    let browser = folder.join("browser");
    let script =
        format!("#!/bin/sh\n(env; echo \"$@\") > {0}/given.new && mv {0}/given.new {0}/given\n", folder.display());
    std::fs::write(&browser, script).expect("written");
    std::fs::set_permissions(&browser, PermissionsExt::from_mode(0o755)).expect("may be run");
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).expect("anybody's");
    let mut command = Command::new(env!("CARGO_BIN_EXE_genkan"));
    command.args(["sandbox", "--open", "--port", "0", "--page-port", "0"]).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env("BROWSER", &browser)
        .env("DISCORD_TOKEN", BOT)
        .env("AWS_ACCESS_KEY_ID", HUB_KEY.0)
        .env("AWS_SECRET_ACCESS_KEY", HUB_KEY.1)
        .env("TMPDIR", folder);
    as_nobody(&mut command).spawn().expect("it starts")
}

#[tokio::test]
async fn a_process_that_holds_secrets_is_not_dumped_and_hands_none_to_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let _ = chown(folder.path(), Some(NOBODY), Some(NOBODY));
    let running = sandbox(folder.path());
    let given = async {
        loop {
            match std::fs::read(folder.path().join("given")) {
                Ok(given) => return given,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let given = tokio::time::timeout(PATIENCE, given).await.expect("the browser is opened");
    assert!(String::from_utf8_lossy(&given).contains("http://127.0.0.1:"), "with the page's address");
    let arguments = std::fs::read(proc(&running, "cmdline")).expect("they can be read");
    let canaries = [("bot token", BOT), ("access key id", HUB_KEY.0), ("secret key of the hub", HUB_KEY.1)];
    let canaries = canaries.map(|(kind, value)| Canary { kind, value: value.to_owned() });
    let surfaces = [Surface::new("the browser's environment", given), Surface::new("arguments", arguments)];
    none(&Searcher::new(&canaries), &surfaces);

    let limits = std::fs::read_to_string(proc(&running, "limits")).expect("they can be read");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let figures: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(figures, ["0", "0"], "{limits}");
    assert!(!can_be_dumped(&running), "it can be dumped");
    let other = as_nobody(Command::new("sleep").arg("60").kill_on_drop(true)).spawn().expect("sleep is there");
    assert!(can_be_dumped(&other), "another process can");
}
