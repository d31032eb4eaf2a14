//! Outside its opening hours an agent says so, and hangs up.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::stage::{Script, Stage};

/// Days of the week in UTC, from the first of 1970 on.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The whole of a day, so many days from now.
fn day(ahead: u64) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let days = now.as_secs() / (24 * 3_600) + ahead;
    let name = DAYS[usize::try_from(days % 7).unwrap()];
    vec![format!("{name} 00:00-24:00")]
}

fn silent() -> Script {
    Script {
        speaks: Vec::new(),
        hears: Vec::new(),
        answers: Vec::new(),
        hangs_up: Some(5_000),
    }
}

/// What was said in a call of an agent with these hours, and why it ended.
async fn call(stage: &Stage, hours: Value) -> (Vec<String>, Value) {
    stage.set("opening_hours", hours).await;
    let call = stage.call(silent()).await;
    call.task.await.unwrap().expect("a record");
    let document = stage.stored(&call.id).await.document;
    let turns = document["turns"].as_array().into_iter().flatten();
    let said = turns.map(|turn| turn["text"].as_str().unwrap().to_owned());
    (said.collect(), document["ended_reason"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_its_hours_an_agent_says_so_and_hangs_up() {
    let stage = Stage::new().await;
    let closed =
        |message: &str| json!({ "times": day(3), "time_zone": "UTC", "closed_message": message });
    let (said, ended) = call(&stage, closed("We are closed today.")).await;
    assert_eq!(said, ["We are closed today."]);
    assert_eq!(ended, "out_of_hours");
    let (said, ended) = call(&stage, closed("")).await;
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(ended, "out_of_hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn within_them_it_greets_as_always() {
    let stage = Stage::new().await;
    let open = [day(0), day(1)].concat();
    let open = json!({ "times": open, "time_zone": "UTC", "closed_message": "Closed." });
    let (said, ended) = call(&stage, open).await;
    assert_eq!(said[0], "Hello.");
    assert_eq!(ended, "caller_hung_up");
}
