//! The client of Google's Gemini API against a server that speaks it, on good days and on bad ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

mod replies;

use std::time::Duration;

use offhook_contract::{ChatEvent, ProviderError};
use offhook_providers::gemini::{GeminiChat, GeminiChatConfig, Thinking};
use offhook_providers::hosted::{Account, ApiKey, ChatLimits, http_client};
use offhook_simulators::{Behaviour, Fault, Serving, gemini};
use replies::{begin_and_leave, failed, finished, reply};
use serde_json::json;

const MODEL: &str = "gemini-2.5-flash";

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new() -> Self {
        let behaviour = Behaviour::new(1);
        let server = Serving::here(gemini::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    fn config(&self, model: &str, key: &str) -> GeminiChatConfig {
        let base = format!("http://{}/", self.server.address);
        let account = Account::new("gemini", &base, Some(ApiKey::new(key)));
        let mut config = GeminiChatConfig::new(account, model);
        config.limits = ChatLimits {
            first_piece: Duration::from_millis(400),
            next_piece: Duration::from_millis(400),
        };
        config
    }

    fn model(&self, model: &str, key: &str) -> GeminiChat {
        GeminiChat::new(http_client().unwrap(), self.config(model, key))
    }

    async fn answer(&self) -> (String, ChatEvent) {
        reply(&self.model(MODEL, "AIza-1")).await
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
        seen[0],
        json!({
            "model": MODEL,
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "contents": [{ "role": "user", "parts": [{ "text": "Are you open?" }] }],
            "generationConfig": {
                "temperature": 0.2,
                "maxOutputTokens": 50,
                "thinkingConfig": { "thinkingBudget": 0 },
            },
        })
    );
    stage.behaviour.answer_next(&"word ".repeat(500));
    let (text, last) = stage.answer().await;
    assert_eq!(text.split_whitespace().count(), 50);
    assert!(finished(&last).2, "it was cut at the limit");
}

#[tokio::test]
async fn a_model_that_refuses_to_be_told_how_much_to_think_is_not_told_from_then_on() {
    let stage = Stage::new().await;
    for model in [gemini::THINKING_MODEL, gemini::OLD_MODEL] {
        let before = stage.behaviour.seen().len();
        let mut config = stage.config(model, "AIza-1");
        config.thinking = Thinking::Budget(0);
        let model = GeminiChat::new(http_client().unwrap(), config);
        for requests in [2, 3] {
            let (text, last) = reply(&model).await;
            assert!(text.starts_with("I heard"));
            assert!(!finished(&last).2, "what it thinks has room");
            assert_eq!(stage.behaviour.seen().len(), before + requests);
        }
    }
    let model = stage.model(gemini::THINKING_MODEL, "AIza-1");
    let before = stage.behaviour.seen().len();
    assert!(!finished(&reply(&model).await.1).2);
    assert_eq!(stage.behaviour.seen().len(), before + 1);
}

#[tokio::test]
async fn what_the_platform_blocks_is_refused_and_what_it_breaks_off_is_cut() {
    let stage = Stage::new().await;
    let safe = format!("Well, {} it is.", gemini::BLOCKED);
    stage.behaviour.answer_next(&safe);
    let (text, last) = stage.answer().await;
    assert_eq!(text, "Well, ");
    assert!(finished(&last).2);
    stage.behaviour.answer_next(gemini::BLOCKED);
    let (text, last) = stage.answer().await;
    let problem = failed(last);
    assert!(text.is_empty());
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );
    assert!(problem.to_string().contains("SAFETY"), "{problem}");
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_no_more() {
    let stage = Stage::new().await;
    let refuse = |status, after: Option<u64>| Fault::Refuse {
        status,
        retry_after: after.map(Duration::from_millis),
    };
    stage.behaviour.fail_next(refuse(503, None));
    finished(&stage.answer().await.1);
    stage.behaviour.fail_next(refuse(500, None));
    stage.behaviour.fail_next(refuse(503, None));
    let problem = failed(stage.answer().await.1);
    assert!(matches!(&problem, ProviderError::Unavailable { .. }));
    assert!(problem.to_string().contains("overloaded"), "{problem}");
    // A caller does not wait for two seconds; another provider may be quicker.
    let before = stage.behaviour.seen().len();
    stage.behaviour.fail_next(refuse(429, Some(2_000)));
    let problem = failed(stage.answer().await.1).to_string();
    assert!(problem.contains("quota"), "{problem}");
    assert_eq!(stage.behaviour.seen().len(), before + 1);
    stage.behaviour.fail_next(refuse(429, Some(100)));
    finished(&stage.answer().await.1);
    stage.behaviour.fail_next(Fault::ErrorAfter(0));
    finished(&stage.answer().await.1);
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_model_are_refused_for_good() {
    let stage = Stage::new().await;
    for (model, key, expected) in [
        (MODEL, gemini::WRONG_KEY, "API key not valid"),
        ("gpt-4o", "AIza-1", "models/gpt-4o is not found"),
    ] {
        let problem = failed(reply(&stage.model(model, key)).await.1);
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{problem}"
        );
        let problem = problem.to_string();
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("AIza"), "{problem}");
    }
    assert_eq!(stage.behaviour.seen().len(), 1);
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_what_came_and_says_that_it_broke() {
    let stage = Stage::new().await;
    for fault in [
        Fault::CutAfter(3),
        Fault::StopAfter(3),
        Fault::HangAfter(3),
        Fault::ErrorAfter(3),
    ] {
        stage.behaviour.fail_next(fault.clone());
        let (text, last) = stage.answer().await;
        assert_eq!(text, "I heard: Are ", "{fault:?}");
        let problem = failed(last);
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(3), "{problem}");
        let is_overloaded = problem.to_string().contains("broke off: The model");
        assert_eq!(is_overloaded, fault == Fault::ErrorAfter(3), "{problem}");
    }
    stage.behaviour.fail_next(Fault::GarbageAfter(2));
    let (text, last) = stage.answer().await;
    assert_eq!(text, "I heard: ");
    assert!(matches!(failed(last), ProviderError::Malformed { .. }));
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let problem = failed(stage.answer().await.1);
    assert!(
        matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. }),
        "{problem}"
    );
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
    stage.behaviour.fail_next(Fault::HangAfter(2));
    let model = stage.model(MODEL, "AIza-1");
    begin_and_leave(&model, &stage.behaviour).await;
}
