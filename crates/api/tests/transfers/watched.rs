//! Transfers that somebody orders who watches the conversation, as ElevenLabs has it.

use futures::{SinkExt as _, StreamExt as _};
use offhook_api::toll::TollRules;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::stage::{HUMAN, Running, Stage, within};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An agent at the stage's number that can be watched, with these built-in tools.
async fn agent(stage: &Stage, tools: Value) -> String {
    let agent = json!({ "conversation_config": {
        "agent": { "first_message": "Hello.", "prompt": { "built_in_tools": tools } },
        "conversation": { "monitoring_enabled": true }
    } });
    let made = stage.done("POST", "/v1/convai/agents/create", &agent).await;
    let id = made["agent_id"].as_str().unwrap().to_owned();
    stage.number(&id).await;
    id
}

async fn watch(stage: &Stage, address: &str, call: &Running) -> Socket {
    let path = format!("/v1/convai/conversations/{}/monitor", call.id);
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .unwrap();
    let key = stage.key.parse().unwrap();
    request.headers_mut().insert("xi-api-key", key);
    connect_async(request).await.unwrap().0
}

async fn orders(socket: &mut Socket, parameters: Value) {
    let order = json!({ "command_type": "transfer_to_number", "parameters": parameters });
    socket.send(Message::text(order.to_string())).await.unwrap();
}

/// What the watcher is told is wrong.
async fn problem(socket: &mut Socket) -> String {
    let told = async {
        loop {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else {
                continue;
            };
            let told: Value = serde_json::from_str(text.as_str()).unwrap();
            if told["type"] == "error" {
                assert_eq!(told["error_event"]["code"], 1008);
                return told["error_event"]["message"].as_str().unwrap().to_owned();
            }
        }
    };
    within(told).await
}

fn tool(kind: &str) -> Value {
    let destination = json!({ "type": "phone", "phone_number": HUMAN });
    let transfer = json!({
        "transfer_destination": destination, "condition": "Somebody asks.", "transfer_type": kind
    });
    let params = json!({ "system_tool_type": "transfer_to_number", "transfers": [transfer] });
    json!({ "transfer_to_number": {
        "name": "transfer_to_number", "type": "system", "params": params
    } })
}

#[tokio::test]
async fn a_watcher_transfers_a_call() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = agent(&stage, tool("conference")).await;
    let address = stage.listen().await;
    let call = stage.call(&agent).await;
    let mut watcher = watch(&stage, &address, &call).await;
    for (parameters, words) in [
        (json!({}), "parameters.phone_number is no text"),
        (
            json!({ "phone_number": "911" }),
            "parameters.phone_number: ",
        ),
        (
            json!({ "phone_number": "+442079460958" }),
            "telephony.allow",
        ),
    ] {
        orders(&mut watcher, parameters).await;
        let told = problem(&mut watcher).await;
        assert!(told.contains(words), "{told}");
    }
    orders(&mut watcher, json!({ "phone_number": HUMAN })).await;
    assert_eq!(stage.dialled(1).await["to"], HUMAN);
    let shown = stage.transfer_is(&call, "ringing").await;
    assert_eq!(shown["transfers"][0]["type"], "conference");
    orders(&mut watcher, json!({ "phone_number": HUMAN })).await;
    let told = problem(&mut watcher).await;
    assert!(told.contains("already"), "{told}");

    // It goes on where nobody waits for what comes of it.
    let call = stage.call(&agent).await;
    let mut watcher = watch(&stage, &address, &call).await;
    orders(&mut watcher, json!({ "phone_number": "+14155550177" })).await;
    watcher.close(None).await.unwrap();
    assert_eq!(stage.dialled(2).await["to"], "+14155550177");
}

#[tokio::test]
async fn the_agent_s_tool_says_how_and_whether() {
    let stage = Stage::new(TollRules::default()).await;
    let blind = agent(&stage, tool("blind")).await;
    let address = stage.listen().await;
    let call = stage.call(&blind).await;
    let mut watcher = watch(&stage, &address, &call).await;
    orders(&mut watcher, json!({ "phone_number": HUMAN })).await;
    stage.handed_over(1).await;
    let shown = stage.transfer_is(&call, "ringing").await;
    assert_eq!(shown["transfers"][0]["type"], "blind");

    let call = stage.call(&blind).await;
    let (status, answer) = stage.transferred(&call, json!({})).await;
    assert_eq!(
        (status, &answer["transfer"]["to"]),
        (202, &json!(HUMAN)),
        "{answer}"
    );

    let none = json!({ "end_call": null });
    let bare = agent(&stage, none).await;
    let call = stage.call(&bare).await;
    let mut watcher = watch(&stage, &address, &call).await;
    orders(&mut watcher, json!({ "phone_number": HUMAN })).await;
    let told = problem(&mut watcher).await;
    assert!(told.contains("no built-in tool"), "{told}");
}
