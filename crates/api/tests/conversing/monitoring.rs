//! Conversations that somebody watches while they run.

use futures::SinkExt as _;
use offhook_store::Role;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::stage::{BEGUN, Socket, Stage, closed, told, within};

/// Somebody who wants to watch, with that key; the status where that is refused.
async fn watch(stage: &Stage, conversation: &str, key: &str) -> Result<Socket, u16> {
    let url = format!(
        "ws://{}/v1/convai/conversations/{conversation}/monitor",
        stage.address
    );
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert("xi-api-key", key.parse().unwrap());
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(problem) => panic!("{problem}"),
    }
}

async fn say(socket: &mut Socket, message: Value) {
    let message = Message::text(message.to_string());
    socket.send(message).await.unwrap();
}

async fn begun(stage: &Stage, conversation: Value) -> (Socket, String) {
    let agent = stage
        .agent_of(json!({ "conversation_config": {
            "agent": { "first_message": "Hello." },
            "conversation": conversation
        } }))
        .await;
    let mut caller = stage.socket(&agent, json!({})).await;
    let begun = told(&mut caller, BEGUN).await;
    let id = &begun["conversation_initiation_metadata_event"]["conversation_id"];
    (caller, id.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_conversation_is_watched_and_ended() {
    let stage = Stage::new().await;
    let (mut caller, id) = begun(&stage, json!({ "monitoring_enabled": true })).await;
    let mut watcher = watch(&stage, &id, &stage.key).await.unwrap();
    let hello = told(&mut watcher, "agent_response").await;
    assert_eq!(hello["agent_response_event"]["agent_response"], "Hello.");
    let context = json!({
        "command_type": "contextual_update",
        "parameters": { "contextual_update": "They know the prices." }
    });
    say(&mut watcher, context).await;
    say(
        &mut caller,
        json!({ "type": "user_message", "text": "And on Sunday?" }),
    )
    .await;
    let asked = told(&mut watcher, "user_transcript").await;
    assert_eq!(
        asked["user_transcription_event"]["user_transcript"],
        "And on Sunday?"
    );
    let read = stage.chat.asked();
    let read = read.last().unwrap();
    assert!(read.iter().any(|it| it.text == "They know the prices."));
    // Whoever comes later is told what was before.
    let mut late = watch(&stage, &id, &stage.key).await.unwrap();
    told(&mut late, "user_transcript").await;
    for (wrong, named) in [
        (json!([]), "command_type"),
        (
            json!({ "command_type": "contextual_update" }),
            "contextual_update",
        ),
        (
            json!({ "command_type": "send_human_message", "parameters": { "text": " " } }),
            "parameters.text",
        ),
    ] {
        say(&mut late, wrong).await;
        let problem = told(&mut late, "error").await;
        let message = problem["error_event"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{message}");
    }
    taken_over(&mut watcher, &mut caller).await;
    say(&mut watcher, json!({ "command_type": "end_call" })).await;
    assert_eq!(closed(&mut caller).await.0, 1000);
    for socket in [&mut watcher, &mut late] {
        let reason = "the conversation is over".to_owned();
        assert_eq!(closed(socket).await, (1000, reason));
    }
    // Nobody watches what is over, once it is on record.
    let refused = async { while watch(&stage, &id, &stage.key).await.err() != Some(409) {} };
    within(refused).await;
}

#[tokio::test]
async fn only_who_may_write_watches_and_only_where_the_agent_allows_it() {
    let stage = Stage::new().await;
    let (_caller, closed_id) = begun(&stage, json!({})).await;
    let refused = watch(&stage, &closed_id, &stage.key).await;
    assert_eq!(refused.err(), Some(403));
    let (_other, id) = begun(&stage, json!({ "monitoring_enabled": true })).await;
    let viewer = stage.new_key("one", Role::Reader).await;
    assert_eq!(watch(&stage, &id, &viewer).await.err(), Some(403));
    let stranger = stage.new_key("two", Role::Editor).await;
    assert_eq!(watch(&stage, &id, &stranger).await.err(), Some(404));
    assert_eq!(watch(&stage, &id, "none").await.err(), Some(401));
    assert_eq!(
        watch(&stage, "conv_none", &stage.key).await.err(),
        Some(404)
    );
}

#[tokio::test]
async fn watchers_are_told_what_the_agent_chooses() {
    let stage = Stage::new().await;
    let conversation = json!({
        "monitoring_enabled": true, "monitoring_events": ["user_transcript"]
    });
    let (mut caller, id) = begun(&stage, conversation).await;
    told(&mut caller, "agent_response").await;
    let mut watcher = watch(&stage, &id, &stage.key).await.unwrap();
    say(
        &mut caller,
        json!({ "type": "user_message", "text": "And on Sunday?" }),
    )
    .await;
    let first = crate::stage::next(&mut watcher).await;
    assert_eq!(first["type"], "user_transcript", "{first}");
}

/// A human speaks in the agent's place, and hands the conversation back.
async fn taken_over(watcher: &mut Socket, caller: &mut Socket) {
    say(watcher, json!({ "command_type": "enable_human_takeover" })).await;
    say(
        caller,
        json!({ "type": "user_message", "text": "Who is there?" }),
    )
    .await;
    let asked = told(watcher, "user_transcript").await;
    let text = &asked["user_transcription_event"]["user_transcript"];
    assert_eq!(text, "Who is there?");
    let message = json!({ "text": "This is Bob." });
    let message = json!({ "command_type": "send_human_message", "parameters": message });
    say(watcher, message).await;
    let said = told(watcher, "agent_response").await;
    let text = &said["agent_response_event"]["agent_response"];
    assert_eq!(text, "This is Bob.", "the agent has said nothing before it");
    say(watcher, json!({ "command_type": "disable_human_takeover" })).await;
}
