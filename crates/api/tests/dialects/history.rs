//! Calls that are over, as each platform lists and shows them.

use offhook_store::StoredCall;
use serde_json::{Value, json};

use crate::server::{Server, server};

/// An agent with five calls: the first at second 1, one a second; the even ones went out, the last
/// is up.
async fn with_calls() -> (Server, String) {
    let server = server().await;
    let body = json!({ "name": "A", "voiceMode": "hosted", "systemPrompt": "Help." });
    let agent = server.done("POST /agentphone/v1/agents", body).await;
    let id = agent["id"].as_str().unwrap().to_owned();
    let workspace = server.store.workspace_named("default").await.unwrap();
    for number in 1..=5_i64 {
        let is_up = number == 5;
        let call = StoredCall {
            id: format!("call_{number}"),
            workspace: workspace.id.as_str().to_owned(),
            agent: id.clone(),
            agent_revision: 1,
            status: match number {
                5 => "active",
                4 => "failed",
                _ => "ended",
            }
            .into(),
            started_at_ms: number * 1_000,
            ended_at_ms: (!is_up).then_some(61_000),
            document: json!({
                "transport": "sip",
                "direction": if number % 2 == 0 { "outbound" } else { "inbound" },
                "from_number": "+14155550100",
                "to_number": "+14155550199",
                "variables": { "who": "Ann" },
                "metadata": { "ticket": number },
                "ended_reason": "caller_hung_up",
                "turns": [
                    { "role": "agent", "text": "Hello.", "interrupted": true, "at_ms": 500 },
                    { "role": "caller", "text": "Bye.", "interrupted": false, "at_ms": 1_500 },
                ],
            }),
        };
        server.store.record_call(&call).await.unwrap();
    }
    (server, id)
}

fn ids(calls: &Value, field: &str) -> Vec<String> {
    let calls = calls["data"].as_array().unwrap().iter();
    let ids = calls.map(|it| {
        it[field]
            .as_str()
            .unwrap()
            .trim_start_matches("call_")
            .to_owned()
    });
    ids.collect()
}

#[tokio::test]
async fn wordcab_lists_its_calls_by_status_and_time_page_by_page() {
    let (server, agent) = with_calls().await;
    let list = async |query: &str| {
        let line = format!("GET /wordcab/v1/agents/{agent}/calls?{query}");
        server.done(&line, Value::Null).await
    };
    for (query, expected) in [
        ("", vec!["5", "4", "3", "2", "1"]),
        ("status=completed", vec!["3", "2", "1"]),
        ("status=failed", vec!["4"]),
        ("created_after=3", vec!["5", "4"]),
        ("created_before=3", vec!["2", "1"]),
        ("created_after=1&created_before=4", vec!["3", "2"]),
        ("created_after=1&created_before=4&status=failed", vec![]),
    ] {
        assert_eq!(ids(&list(query).await, "id"), expected, "{query}");
    }
    // A filter narrows the list, not its pages.
    let page = list("created_before=5&limit=3").await;
    assert_eq!(ids(&page, "id"), ["4", "3", "2"]);
    assert_eq!(page["has_more"], json!(true));
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = list(&format!("created_before=5&limit=3&cursor={cursor}")).await;
    assert_eq!(ids(&page, "id"), ["1"]);
    assert_eq!(
        (&page["has_more"], &page["next_cursor"]),
        (&json!(false), &Value::Null)
    );
    let all = server
        .done("GET /wordcab/v1/calls?limit=1", Value::Null)
        .await;
    assert_eq!(ids(&all, "id"), ["5"]);
    for (query, param) in [
        ("status=sung", "status"),
        ("created_after=noon", "created_after"),
        ("limit=x", "limit"),
    ] {
        let line = format!("GET /wordcab/v1/agents/{agent}/calls?{query}");
        let (status, refused) = server.ask(&line, "").await;
        assert_eq!(
            (status.as_u16(), &refused["error"]["param"]),
            (422, &json!(param))
        );
    }
}

#[tokio::test]
async fn wordcab_shows_a_call_and_what_was_said() {
    let (server, agent) = with_calls().await;
    let call = server
        .done("GET /wordcab/v1/calls/call_2", Value::Null)
        .await;
    assert_eq!(
        call,
        json!({
            "id": "call_2", "object": "call", "agent_id": agent, "direction": "outbound",
            "phone_number": "+14155550199", "caller_id": "+14155550100", "status": "completed",
            "started_at": 2, "ended_at": 61, "duration": 59, "ended_reason": "caller_hangup",
            "transcript_id": "tr_2", "recording_url": null, "context": { "who": "Ann" },
            "metadata": { "ticket": 2 },
        })
    );
    let inbound = server
        .done("GET /wordcab/v1/calls/call_1", Value::Null)
        .await;
    assert_eq!(inbound["phone_number"], "+14155550100");
    let transcript = server
        .done("GET /wordcab/v1/transcripts/tr_2", Value::Null)
        .await;
    assert_eq!(transcript["call_id"], "call_2");
    assert_eq!(
        transcript["turns"],
        json!([
            { "role": "assistant", "text": "Hello.", "start": 0.5, "interrupted": true },
            { "role": "user", "text": "Bye.", "start": 1.5, "interrupted": false },
        ])
    );
    let same = server
        .done("GET /wordcab/v1/calls/call_2/transcript", Value::Null)
        .await;
    assert_eq!(same, transcript);
    // To end what is over changes nothing; a call that another process holds is not ended here.
    let ended = server
        .done("POST /wordcab/v1/calls/call_2/end", Value::Null)
        .await;
    assert_eq!(ended, call);
    let (status, refused) = server.ask("POST /wordcab/v1/calls/call_5/end", "").await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["type"]),
        (409, &json!("conflict_error"))
    );
    for line in [
        "GET /wordcab/v1/calls/none",
        "GET /wordcab/v1/transcripts/2",
    ] {
        assert_eq!(server.ask(line, "").await.0, 404, "{line}");
    }
}

#[tokio::test]
async fn wordcab_is_told_what_is_missing_to_place_a_call() {
    let (server, agent) = with_calls().await;
    let place = json!({ "phone_number": "+14155550100", "context": { "who": "Ann" } });
    let line = format!("POST /wordcab/v1/agents/{agent}/calls");
    let (status, refused) = server.ask(&line, &place.to_string()).await;
    assert_eq!(status.as_u16(), 409);
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains("carrier"),
        "{refused}"
    );
    let (status, refused) = server.ask(&line, r#"{"phone_number":"12"}"#).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["param"]),
        (422, &json!("phone_number"))
    );
    let (status, refused) = server
        .ask("POST /wordcab/v1/calls", &place.to_string())
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["param"]),
        (422, &json!("agent_id"))
    );
}

#[tokio::test]
async fn trillet_searches_its_call_history() {
    let (server, _) = with_calls().await;
    for (query, expected) in [
        ("", vec!["5", "4", "3", "2", "1"]),
        ("page=2&limit=2", vec!["3", "2"]),
        ("status=completed", vec!["3", "2", "1"]),
        ("direction=outbound", vec!["4", "2"]),
        ("callType=web", vec![]),
        ("callType=sip&direction=inbound", vec!["5", "3", "1"]),
        ("search=CALL_3", vec!["3"]),
        ("search=5550199&status=failed", vec!["4"]),
        ("agentId=none", vec![]),
        ("batchId=1", vec![]),
        (
            "callIds=%5B%22call_3%22,%22none%22,%22call_1%22%5D",
            vec!["3", "1"],
        ),
        ("callIds=%5B%22call_4%22%5D&status=completed", vec![]),
        (
            "dateRange=%7B%22from%22:%221970-01-01T00:00:03Z%22%7D",
            vec!["5", "4", "3"],
        ),
        (
            "dateRange=%7B%22from%22:2000,%22to%22:%221970-01-01%22%7D",
            vec!["5", "4", "3", "2"],
        ),
    ] {
        let calls = server
            .done(&format!("GET /v2/api/call-history?{query}"), Value::Null)
            .await;
        assert_eq!(ids(&calls, "_id"), expected, "{query}");
    }
}

#[tokio::test]
async fn trillet_shows_a_call_and_refuses_what_no_list_can_be_asked() {
    let (server, agent) = with_calls().await;
    let page = server
        .done(
            "GET /trillet/v2/api/call-history?page=2&limit=2",
            Value::Null,
        )
        .await;
    let counts = ["page", "limit", "total", "totalPages"].map(|it| page[it].as_u64().unwrap());
    assert_eq!(counts, [2, 2, 5, 3]);
    let call = server
        .done("GET /v2/api/call-history/call_1", Value::Null)
        .await;
    assert_eq!(
        (&call["agentId"], &call["status"]),
        (&json!(agent), &json!("completed"))
    );
    assert_eq!(call["fromPhoneNumber"], "+14155550100");
    assert_eq!(call["startTime"], "1970-01-01T00:00:01.000Z");
    assert_eq!(
        (&call["duration"], &call["callType"]),
        (&json!(60), &json!("sip"))
    );
    assert_eq!(call["variables"], json!({ "who": "Ann" }));
    let first = json!({
        "role": "assistant", "content": "Hello.", "timestamp": "1970-01-01T00:00:01.500Z",
        "interrupted": true
    });
    assert_eq!(call["transcript"][0], first);
    for (query, field) in [
        ("status=sung", "status"),
        ("direction=up", "direction"),
        ("callType=fax", "callType"),
        ("callIds=call_1", "callIds"),
        ("dateRange=today", "dateRange"),
        ("page=0", "page"),
    ] {
        let (status, refused) = server
            .ask(&format!("GET /v2/api/call-history?{query}"), "")
            .await;
        assert_eq!(
            (status.as_u16(), &refused["errors"][0]["field"]),
            (400, &json!(field)),
            "{query}"
        );
    }
    assert_eq!(server.ask("GET /v2/api/call-history/none", "").await.0, 404);
}

#[tokio::test]
async fn trillet_is_told_what_is_missing_for_calls_and_keeps_how_numbers_are_answered() {
    let (server, agent) = with_calls().await;
    let body = json!({ "to": "+14155550100", "call_agent_id": agent, "metadata": { "a": 1 } });
    for line in ["POST /v1/api/call", "POST /trillet/api/v1/calls/call"] {
        let (status, refused) = server.ask(line, &body.to_string()).await;
        assert_eq!(
            (status.as_u16(), &refused["status"]),
            (409, &json!("error")),
            "{line}"
        );
        assert!(refused["message"].as_str().unwrap().contains("carrier"));
    }
    for (body, status, field) in [
        (json!({ "call_agent_id": agent }), 400, "to"),
        (json!({ "to": "12", "call_agent_id": agent }), 400, "to"),
        (json!({ "to": "+14155550100" }), 400, "call_agent_id"),
    ] {
        let (got, refused) = server.ask("POST /v1/api/call", &body.to_string()).await;
        assert_eq!(
            (got.as_u16(), &refused["errors"][0]["field"]),
            (status, &json!(field))
        );
    }
    let body = json!({ "to": "+14155550100", "call_agent_id": "none" }).to_string();
    assert_eq!(server.ask("POST /v1/api/call", &body).await.0, 404);
    for line in [
        "POST /v1/api/calls/web/connect",
        "POST /v1/api/web-call/public",
    ] {
        let body = json!({ "agentId": agent, "mode": "voice" }).to_string();
        let (status, promised) = server.ask(line, &body).await;
        assert_eq!(status.as_u16(), 200, "{line}: {promised}");
        assert_eq!(promised["agent"]["_id"], agent);
        let token = promised["token"].as_str().unwrap();
        let way = format!("/v1/session?token={token}");
        assert!(promised["url"].as_str().unwrap().ends_with(&way));
        let wrong = json!({ "agentId": agent, "mode": "dance" }).to_string();
        assert_eq!(server.ask(line, &wrong).await.0, 400);
    }

    let number = json!({ "phoneNumber": "+14155550100" });
    let number = server.done("POST /agentphone/v1/numbers", number).await;
    let line = format!(
        "/v1/api/twilio/phone-numbers/{}/config",
        number["id"].as_str().unwrap()
    );
    let body = json!({ "agentId": agent, "maxCallDuration": 600, "transferCallerIdMode": "agent" });
    let done = server.done(&format!("PUT {line}"), body).await;
    assert_eq!(done["success"], json!(true));
    server
        .done(&format!("PUT {line}"), json!({ "recordingEnabled": true }))
        .await;
    let kept = server.done(&format!("GET {line}"), Value::Null).await;
    assert_eq!(
        (&kept["maxCallDuration"], &kept["recordingEnabled"]),
        (&json!(600), &json!(true))
    );
    let shown = server
        .done(&format!("GET /agentphone/v1/agents/{agent}"), Value::Null)
        .await;
    assert_eq!(shown["numbers"][0]["id"], number["id"]);
    let wrong = json!({ "transferCallerIdMode": "nobody" }).to_string();
    assert_eq!(server.ask(&format!("PUT {line}"), &wrong).await.0, 400);
    let none = "PUT /v1/api/twilio/phone-numbers/none/config";
    assert_eq!(server.ask(none, "{}").await.0, 404);
}

#[tokio::test]
async fn agentphone_lists_the_calls_of_an_agent() {
    let (server, agent) = with_calls().await;
    let line = format!("GET /agentphone/v1/agents/{agent}/calls?limit=2&offset=1");
    let calls = server.done(&line, Value::Null).await;
    assert_eq!(
        (&calls["total"], &calls["hasMore"]),
        (&json!(5), &json!(true))
    );
    assert_eq!(ids(&calls, "id"), ["4", "3"]);
    assert_eq!(calls["data"][1]["durationSeconds"], json!(58));
    assert_eq!(calls["data"][1]["fromNumber"], "+14155550100");
}

#[tokio::test]
async fn every_dialect_serves_the_description_of_its_routes_without_a_key() {
    let server = server().await;
    for line in [
        "GET /wordcab/v1/openapi.json",
        "GET /agentphone/v1/openapi.json",
        "GET /trillet/openapi.json",
    ] {
        let document = server.done(line, Value::Null).await;
        assert_eq!(document["openapi"], "3.1.0", "{line}");
    }
}
