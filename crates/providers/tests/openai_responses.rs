//! The client of OpenAI's Responses API against a server that speaks it, on good days and on bad
//! ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

mod replies;

use std::time::Duration;

use offhook_contract::{ChatEvent, ProviderError};
use offhook_providers::hosted::{Account, ApiKey, ChatLimits, http_client};
use offhook_providers::openai::{OpenAiChatConfig, OpenAiResponses};
use offhook_simulators::{Behaviour, Fault, Serving, openai};
use replies::{begin_and_leave, failed, finished, reply};
use serde_json::{Map, json};

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new() -> Self {
        let behaviour = Behaviour::new(1);
        let server = Serving::here(openai::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    fn model(&self, model: &str, key: &str) -> OpenAiResponses {
        let base = format!("http://{}/v1/", self.server.address);
        let config = OpenAiChatConfig {
            account: Account::new("openai", &base, Some(ApiKey::new(key))),
            model: model.into(),
            limits: ChatLimits {
                first_piece: Duration::from_millis(400),
                next_piece: Duration::from_millis(400),
            },
            extra: Map::new(),
        };
        OpenAiResponses::new(http_client().unwrap(), config)
    }

    async fn answer(&self) -> (String, ChatEvent) {
        reply(&self.model("gpt-4o-mini", "sk-1")).await
    }
}

#[tokio::test]
async fn a_reply_is_streamed_with_its_figures() {
    let stage = Stage::new().await;
    let (text, last) = stage.answer().await;
    assert_eq!(
        text,
        "I heard: Are you open? Is there anything else that I can do for you?"
    );
    let (read, made, is_cut) = finished(&last);
    assert!(read > 5 && made == 15 && !is_cut);
    let seen = stage.behaviour.seen();
    assert_eq!(
        seen[0]["input"],
        json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Are you open?" },
        ])
    );
    assert_eq!(seen[0]["store"], false);
    stage.behaviour.answer_next(&"word ".repeat(500));
    let (text, last) = stage.answer().await;
    assert_eq!(text.split_whitespace().count(), 50);
    assert!(finished(&last).2, "it was cut at the limit");
}

#[tokio::test]
async fn a_model_that_refuses_a_field_is_asked_without_it_from_then_on() {
    let stage = Stage::new().await;
    let model = stage.model("gpt-5-mini", "sk-1");
    for requests in [2, 3] {
        finished(&reply(&model).await.1);
        assert_eq!(stage.behaviour.seen().len(), requests);
    }
    assert_eq!(stage.behaviour.seen()[2].get("temperature"), None);
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_what_stays_is_refused() {
    let stage = Stage::new().await;
    let refuse = |status, after: Option<u64>| Fault::Refuse {
        status,
        retry_after: after.map(Duration::from_millis),
    };
    stage.behaviour.fail_next(refuse(503, None));
    finished(&stage.answer().await.1);
    stage.behaviour.fail_next(refuse(429, Some(2_000)));
    let problem = failed(stage.answer().await.1).to_string();
    assert!(problem.contains("429"), "{problem}");
    assert_eq!(stage.behaviour.seen().len(), 3);
    for (model, key, expected) in [
        ("gpt-4o-mini", openai::WRONG_KEY, "401"),
        ("no such model", "sk-1", "does not exist"),
    ] {
        let problem = failed(reply(&stage.model(model, key)).await.1);
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{problem}"
        );
        assert!(problem.to_string().contains(expected), "{problem}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_what_came_and_says_that_it_broke() {
    let stage = Stage::new().await;
    for fault in [
        Fault::CutAfter(7),
        Fault::StopAfter(7),
        Fault::HangAfter(7),
        Fault::ErrorAfter(7),
    ] {
        stage.behaviour.fail_next(fault.clone());
        let (text, last) = stage.answer().await;
        assert_eq!(text, "I heard: Are ", "{fault:?}");
        let problem = failed(last);
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(7), "{problem}");
    }
    stage.behaviour.fail_next(Fault::GarbageAfter(6));
    let (text, last) = stage.answer().await;
    assert_eq!(text, "I heard: ");
    assert!(matches!(failed(last), ProviderError::Malformed { .. }));
    for pieces in [0, 4] {
        stage.behaviour.fail_next(Fault::HangAfter(pieces));
        let problem = failed(stage.answer().await.1);
        assert!(
            matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. }),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn letters_cut_by_the_network_and_a_whole_answer_at_once_are_read() {
    let stage = Stage::new().await;
    for fault in [Fault::Split, Fault::Burst] {
        stage.behaviour.answer_next("Grüße aus Köln, 東京 and 😀.");
        stage.behaviour.fail_next(fault);
        let (text, last) = stage.answer().await;
        assert_eq!(text, "Grüße aus Köln, 東京 and 😀.");
        finished(&last);
    }
}

#[tokio::test]
async fn a_reply_that_nobody_wants_any_more_ends_at_the_server() {
    let stage = Stage::new().await;
    stage.behaviour.fail_next(Fault::HangAfter(5));
    let model = stage.model("gpt-4o-mini", "sk-1");
    begin_and_leave(&model, &stage.behaviour).await;
}
