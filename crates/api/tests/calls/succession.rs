//! Another agent takes a call over; orders over the WebSocket of events, and more than a call takes.

use futures::{SinkExt as _, StreamExt as _};
use offhook_store::Role;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::stage::{Script, SentEvent, Stage};

fn turns(events: &[SentEvent]) -> Vec<String> {
    events.iter().filter_map(SentEvent::turn).collect()
}

/// What is no order is refused; `strict` keeps less than the stage's agent.
async fn refuses(stage: &Stage, change: &str, [ben, strict]: [&String; 2]) {
    for (body, wrong) in [
        (json!({}), "agent"),
        (json!({ "agent": "agent_nobody" }), "agent"),
        (json!({ "agent": strict }), "agent"),
        (json!({ "agent": ben, "opens_with": "song" }), "opens_with"),
        (
            json!({ "agent": ben, "variables": { "topic": [] } }),
            "variables.topic",
        ),
        (json!({ "agent": ben, "to": "x" }), "to"),
    ] {
        let refused = stage.ask(change, body).await.json();
        assert_eq!(refused["error"]["problems"][0]["path"], wrong, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_takes_over_and_is_on_record() {
    let stage = Stage::new().await;
    let ben = json!({
        "name": "Ben", "prompt": "You do billing.",
        "first_message": "Ben here, {{name}}, about {{topic}}.",
        "variables": { "name": "you", "topic": "nothing" },
    });
    let ben = stage.another(ben).await;
    let strict = json!({
        "name": "Cat", "prompt": "Be discreet.", "records": { "keeps_conversation": false },
    });
    let strict = stage.another(strict).await;
    let call = stage.call(Script::question()).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let change = format!("POST {path}/change-agent");
    let order = async {
        stage.told(&call.id, 3).await;
        refuses(&stage, &change, [&ben, &strict]).await;
        let body = json!({
            "agent": ben, "message": "Ben will help.", "variables": { "topic": "billing" },
        });
        let taken = stage.ask(&change, body).await;
        assert_eq!(
            (taken.status, taken.json()),
            (202, json!({ "id": call.id }))
        );
        stage.told(&call.id, 5).await;
        let live = stage.ask(&format!("GET {path}"), Value::Null).await.json();
        assert_eq!(live["agent_changes"][0]["agent"], ben);
        let again = json!({ "agent": ben, "opens_with": "reply" });
        assert_eq!(stage.ask(&change, again).await.status, 202);
        stage.told(&call.id, 6).await;
        stage.ask(&format!("POST {path}/end"), Value::Null).await;
    };
    let events = format!("{path}/events");
    let (events, ()) = tokio::join!(stage.events(&events, &[]), order);
    let said = turns(&events);
    let expected = [
        "agent: Ben will help.",
        "agent: Ben here, Bob, about billing.",
        "agent: I do billing.",
    ];
    assert_eq!(said[3..], expected);
    let changed = events.iter().find(|it| it.name == "agent_changed").unwrap();
    assert_eq!(
        (
            &changed.data["successor"],
            &changed.data["name"],
            &changed.data["agent"]
        ),
        (&json!(ben), &json!("Ben"), &json!(stage.agent))
    );
    call.task.await.unwrap().expect("a record");
    let kept = stage.ask(&format!("GET {path}"), Value::Null).await.json();
    assert_eq!(kept["agent"], stage.agent);
    let changes = kept["agent_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (&changes[0]["agent"], &changes[0]["name"]),
        (&json!(ben), &json!("Ben"))
    );
    assert!(changes[1]["at_ms"].as_u64() > changes[0]["at_ms"].as_u64());
    assert_eq!(
        stage.ask(&change, json!({ "agent": ben })).await.status,
        409
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_a_call_gives_it_orders() {
    let stage = Stage::new().await;
    let address = stage.listen().await;
    let call = stage.call(Script::question()).await;
    stage.told(&call.id, 3).await;
    let mut request = format!("ws://{address}/offhook/v1/calls/{}/events", call.id)
        .into_client_request()
        .unwrap();
    let key = format!("Bearer {}", stage.key).parse().unwrap();
    request.headers_mut().insert("authorization", key);
    // Who may only read hears all of it, and orders nothing.
    let reader = stage.new_key("acme", Role::Reader).await;
    let mut watching = request.clone();
    let key = format!("Bearer {reader}").parse().unwrap();
    watching.headers_mut().insert("authorization", key);
    let (mut socket, _) = connect_async(watching).await.unwrap();
    socket
        .send(Message::text(r#"{"order":"end"}"#))
        .await
        .unwrap();
    let refused = loop {
        let Message::Text(text) = socket.next().await.unwrap().unwrap() else {
            continue;
        };
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(event["type"], "order_taken");
        if event["type"] == "order_refused" {
            break event;
        }
    };
    assert_eq!(refused["error"]["code"], "forbidden");
    let (mut socket, _) = connect_async(request).await.unwrap();
    for order in [
        "no json",
        r#"{"order":"sing"}"#,
        r#"{"order":"say","text":""}"#,
        r#"{"order":"say","text":"Goodbye then.","hang_up":true}"#,
    ] {
        socket.send(Message::text(order)).await.unwrap();
    }
    let (mut answers, mut said, mut end) = (Vec::new(), Vec::new(), Value::Null);
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let event: Value = serde_json::from_str(&text).unwrap();
        match event["type"].as_str().unwrap() {
            "order_taken" => answers.push(event["order"].clone()),
            "order_refused" => answers.push(event["error"]["problems"][0]["path"].clone()),
            "turn" => said.extend(event["turn"]["text"].as_str().map(str::to_owned)),
            "ended" => end = event["reason"].clone(),
            _ => {}
        }
    }
    assert_eq!(json!(answers), json!(["", "order", "text", "say"]));
    assert_eq!(said.last().map(String::as_str), Some("Goodbye then."));
    assert_eq!(end, "agent_hung_up");
    call.task.await.unwrap().expect("a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_orders_than_wait_are_refused_for_what_they_are() {
    let stage = Stage::new().await;
    let (id, call) = stage.ready(Script::question()).await.unwrap();
    let note = format!("POST /offhook/v1/calls/{id}/note");
    let mut refused = None;
    for _ in 0..100 {
        let answer = stage.ask(&note, json!({ "text": "Be kind." })).await;
        if answer.status != 202 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the mailbox is bounded");
    let code = refused.json()["error"]["code"].clone();
    assert_eq!((refused.status, code), (429, json!("too_many_orders")));
    // The call is none the worse for it.
    let task = tokio::spawn(call.hold());
    stage.told(&id, 3).await;
    let ended = stage
        .ask(&format!("POST /offhook/v1/calls/{id}/end"), Value::Null)
        .await;
    assert_eq!(ended.status, 202);
    task.await.unwrap().expect("a record");
}
