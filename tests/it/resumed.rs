//! What was approved and begun goes on as it was approved: nobody is asked twice for the rest of it, and nothing stays open meanwhile.

use genkan::model::RequestState;
use genkan::requests::carry_out::CarriedOut;

use crate::attacks::{OPEN, Stage, left_open, person};

#[tokio::test]
async fn what_was_approved_and_begun_goes_on_without_being_asked_for_again() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    stage.platform.aws.faults().clear();
    let aiko = person(&stage.desk, "aiko").await;
    stage.desk.retry(&aiko, &id).await.expect("may");
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Done));
    assert_eq!(stage.lines(OPEN), [""; 0]);
}
