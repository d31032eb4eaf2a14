//! The client of OpenAI's API against a server that speaks it, on good days and on bad ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

mod replies;

use std::time::Duration;

use offhook_contract::{ChatEvent, ProviderError};
use offhook_providers::hosted::{Account, ApiKey, http_client};
use offhook_providers::openai::{ChatLimits, OpenAiChat, OpenAiChatConfig};
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

    fn model(&self, model: &str, key: &str) -> OpenAiChat {
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
        OpenAiChat::new(http_client().unwrap(), config)
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
    assert_eq!(seen[0]["temperature"], 0.2);
    assert_eq!(seen[0]["max_completion_tokens"], 50);
    assert_eq!(seen[0]["messages"][1]["content"], "Are you open?");
}

#[tokio::test]
async fn a_model_that_refuses_a_field_is_asked_without_it_from_then_on() {
    let stage = Stage::new().await;
    let model = stage.model("gpt-5-mini", "sk-1");
    finished(&reply(&model).await.1);
    assert_eq!(stage.behaviour.seen().len(), 2);
    finished(&reply(&model).await.1);
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[2].get("temperature"), None);
    assert_eq!(seen[2]["max_completion_tokens"], 50);
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_no_more() {
    let stage = Stage::new().await;
    let refuse = |status, after: Option<u64>| Fault::Refuse {
        status,
        retry_after: after.map(Duration::from_millis),
    };
    stage.behaviour.fail_next(refuse(503, None));
    let (text, last) = stage.answer().await;
    assert!(text.starts_with("I heard"));
    finished(&last);

    stage.behaviour.fail_next(refuse(500, None));
    stage.behaviour.fail_next(refuse(502, None));
    let (text, last) = stage.answer().await;
    let problem = failed(last);
    assert!(text.is_empty() && matches!(&problem, ProviderError::Unavailable { .. }));
    assert!(problem.to_string().contains("502"), "{problem}");

    // A caller does not wait for two seconds; another provider may be quicker.
    let before = stage.behaviour.seen().len();
    stage.behaviour.fail_next(refuse(429, Some(2_000)));
    let problem = failed(stage.answer().await.1).to_string();
    assert!(
        problem.contains("429") && problem.contains("Rate limit"),
        "{problem}"
    );
    assert_eq!(stage.behaviour.seen().len(), before + 1);
    stage.behaviour.fail_next(refuse(429, Some(100)));
    finished(&stage.answer().await.1);
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_model_are_refused_for_good() {
    let stage = Stage::new().await;
    let wrong = stage.model("gpt-4o-mini", openai::WRONG_KEY);
    let problem = failed(reply(&wrong).await.1);
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );
    assert!(problem.to_string().contains("401"));
    let unknown = stage.model("no such model", "sk-1");
    let problem = failed(reply(&unknown).await.1);
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );
    assert!(problem.to_string().contains("does not exist"));
    assert_eq!(stage.behaviour.seen().len(), 1);
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_what_came_and_says_that_it_broke() {
    let stage = Stage::new().await;
    for fault in [Fault::CutAfter(4), Fault::StopAfter(4), Fault::HangAfter(4)] {
        stage.behaviour.fail_next(fault.clone());
        let (text, last) = stage.answer().await;
        assert_eq!(text, "I heard: Are ", "{fault:?}");
        let problem = failed(last);
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(4), "{problem}");
    }
    stage.behaviour.fail_next(Fault::GarbageAfter(3));
    let (text, last) = stage.answer().await;
    assert_eq!(text, "I heard: ");
    assert!(matches!(failed(last), ProviderError::Malformed { .. }));
    stage.behaviour.fail_next(Fault::ErrorAfter(3));
    let problem = failed(stage.answer().await.1).to_string();
    assert!(problem.contains("broke off: The server had"), "{problem}");
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let problem = failed(stage.answer().await.1);
    assert!(
        matches!(problem, ProviderError::TimedOut { .. }),
        "{problem}"
    );
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_first_word_is_asked_for_once_more() {
    let stage = Stage::new().await;
    for fault in [
        Fault::CutAfter(0),
        Fault::StopAfter(1),
        Fault::ErrorAfter(0),
    ] {
        stage.behaviour.fail_next(fault.clone());
        finished(&stage.answer().await.1);
        stage.behaviour.fail_next(fault.clone());
        stage.behaviour.fail_next(fault);
        let problem = failed(stage.answer().await.1);
        assert!(
            matches!(problem, ProviderError::Unavailable { .. }),
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
    let long = "word ".repeat(500);
    stage.behaviour.answer_next(&long);
    let (text, last) = stage.answer().await;
    assert_eq!(text.split(' ').count(), 51);
    assert!(finished(&last).2, "it was cut at the limit");
}

#[tokio::test]
async fn a_reply_that_nobody_wants_any_more_ends_at_the_server() {
    let stage = Stage::new().await;
    stage.behaviour.fail_next(Fault::HangAfter(3));
    let model = stage.model("gpt-4o-mini", "sk-1");
    begin_and_leave(&model, &stage.behaviour).await;
    assert_eq!(
        stage.behaviour.seen()[0]["messages"],
        json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Are you open?" },
        ])
    );
}
