//! The worker behind `genkan serve`: it carries out what is due, and goes on when somebody approves.

use std::sync::Arc;
use std::time::Duration;

use genkan::worker;
use tokio::sync::{mpsc, watch};

use crate::use_cases::{Story, onboard};

#[tokio::test]
async fn it_carries_out_what_is_due_while_another_request_waits_for_an_approval() {
    let story = Story::begins().await;
    let held = story.asks("aiko", onboard("project-x", "dev")).await;
    assert!(story.waits_for_approval(&held, "zone-association").await);
    let new = story.desk.ask("aiko", &onboard("project-y", "dev")).await.expect("asked").expect("something to do");

    let (stop, stopped) = watch::channel(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let desk = story.desk.desk.clone();
    let tell = Arc::new(move |line: &str| drop(tell.send(line.to_owned())));
    let worker = tokio::spawn(async move { worker::work(&desk, stopped, tell).await });
    let mut next = async || {
        tokio::time::timeout(Duration::from_mins(1), told.recv()).await.expect("in time").expect("the worker is there")
    };
    assert_eq!(next().await, format!("{new}: waits for an approval"));
    story.desk.approve("ren", &held).await.expect("approved");
    assert_eq!(next().await, format!("{held}: done"));

    stop.send(true).expect("the worker is there");
    worker.await.expect("it ends").expect("well");
}
