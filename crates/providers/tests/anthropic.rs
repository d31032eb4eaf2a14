//! The client of Anthropic's API against a server that speaks it, on good days and on bad ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

mod replies;

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{ChatEvent, ChatMessage, ChatModel as _, ChatRequest, ProviderError, Role};
use offhook_providers::anthropic::{AnthropicChat, AnthropicChatConfig, Thinking};
use offhook_providers::hosted::{Account, ApiKey, ChatLimits, http_client};
use offhook_simulators::{Behaviour, Fault, Serving, anthropic};
use replies::{begin_and_leave, failed, finished, reply};
use serde_json::json;

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new() -> Self {
        let behaviour = Behaviour::new(1);
        let server = Serving::here(anthropic::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    fn config(&self, model: &str, key: &str) -> AnthropicChatConfig {
        let base = format!("http://{}/", self.server.address);
        let account = Account::new("anthropic", &base, Some(ApiKey::new(key)));
        let mut config = AnthropicChatConfig::new(account, model);
        config.limits = ChatLimits {
            first_piece: Duration::from_millis(400),
            next_piece: Duration::from_millis(400),
        };
        config
    }

    fn model(&self, model: &str, key: &str) -> AnthropicChat {
        AnthropicChat::new(http_client().unwrap(), self.config(model, key))
    }

    async fn answer(&self) -> (String, ChatEvent) {
        reply(&self.model(anthropic::OLD_MODEL, "sk-ant-1")).await
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
    assert_eq!(seen[0]["max_tokens"], 50);
    assert_eq!(seen[0]["system"][0]["text"], "Be brief.");
    stage.behaviour.answer_next(&"word ".repeat(500));
    let (text, last) = stage.answer().await;
    assert_eq!(text.split_whitespace().count(), 50);
    assert!(finished(&last).2, "it was cut at the limit");
}

#[tokio::test]
async fn instructions_that_were_read_before_are_read_from_the_cache() {
    let stage = Stage::new().await;
    let model = stage.model(anthropic::OLD_MODEL, "sk-ant-1");
    let messages: Arc<[ChatMessage]> = Arc::new([
        ChatMessage::new(Role::System, "Be brief. ".repeat(1_000)),
        ChatMessage::new(Role::Agent, "Hello."),
        ChatMessage::new(Role::Caller, "Hi."),
    ]);
    let call = model.open(messages.clone()).await.unwrap();
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let options = offhook_contract::ChatOptions {
            thinking: offhook_contract::ThinkingOptions::LEAST,
            temperature: None,
            tokens_max: 50,
        };
        let messages = messages.clone();
        let mut reply = call.reply(ChatRequest { messages, options });
        while let Some(event) = reply.recv().await {
            if !matches!(event, ChatEvent::Text(_)) {
                tokens.push(finished(&event).0);
            }
        }
    }
    assert!(tokens[0] > 2_500 && tokens[1] < 100, "{tokens:?}");
    assert_eq!(stage.behaviour.seen()[0]["messages"][0]["role"], "user");
}

#[tokio::test]
async fn a_model_that_refuses_a_field_is_asked_without_it_from_then_on() {
    let stage = Stage::new().await;
    let mut config = stage.config(anthropic::NEW_MODEL, "sk-ant-1");
    config.thinking = Thinking::Budget(2_000);
    let model = AnthropicChat::new(http_client().unwrap(), config);
    finished(&reply(&model).await.1);
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 3, "thinking is left out, then the temperature");
    finished(&reply(&model).await.1);
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!(
        (seen[3].get("temperature"), seen[3].get("thinking")),
        (None, None)
    );
}

#[tokio::test]
async fn what_it_thinks_is_not_said() {
    let stage = Stage::new().await;
    let mut config = stage.config(anthropic::OLD_MODEL, "sk-ant-1");
    config.thinking = Thinking::Budget(1_024);
    let model = AnthropicChat::new(http_client().unwrap(), config);
    let (text, last) = reply(&model).await;
    assert!(text.starts_with("I heard"), "{text}");
    finished(&last);
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["max_tokens"], 1_074);
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_no_more() {
    let stage = Stage::new().await;
    let refuse = |status, after: Option<u64>| Fault::Refuse {
        status,
        retry_after: after.map(Duration::from_millis),
    };
    stage.behaviour.fail_next(refuse(529, None));
    finished(&stage.answer().await.1);
    stage.behaviour.fail_next(refuse(500, None));
    stage.behaviour.fail_next(refuse(529, None));
    let problem = failed(stage.answer().await.1);
    assert!(matches!(&problem, ProviderError::Unavailable { .. }));
    let problem = problem.to_string();
    assert!(
        problem.contains("529") && problem.contains("Overloaded"),
        "{problem}"
    );
    // A caller does not wait for two seconds; another provider may be quicker.
    let before = stage.behaviour.seen().len();
    stage.behaviour.fail_next(refuse(429, Some(2_000)));
    let problem = failed(stage.answer().await.1).to_string();
    assert!(problem.contains("429"), "{problem}");
    assert_eq!(stage.behaviour.seen().len(), before + 1);
    stage.behaviour.fail_next(refuse(429, Some(100)));
    finished(&stage.answer().await.1);
    // It says that it is overloaded after the status said that all is well.
    stage.behaviour.fail_next(Fault::ErrorAfter(1));
    finished(&stage.answer().await.1);
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_model_are_refused_for_good() {
    let stage = Stage::new().await;
    for (model, key, expected) in [
        (anthropic::OLD_MODEL, anthropic::WRONG_KEY, "401"),
        ("gpt-4o", "sk-ant-1", "model: gpt-4o"),
    ] {
        let problem = failed(reply(&stage.model(model, key)).await.1);
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{problem}"
        );
        let problem = problem.to_string();
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("sk-ant"), "{problem}");
    }
    assert_eq!(stage.behaviour.seen().len(), 1);
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_what_came_and_says_that_it_broke() {
    let stage = Stage::new().await;
    for fault in [
        Fault::CutAfter(6),
        Fault::StopAfter(6),
        Fault::HangAfter(6),
        Fault::ErrorAfter(6),
    ] {
        stage.behaviour.fail_next(fault.clone());
        let (text, last) = stage.answer().await;
        assert_eq!(text, "I heard: Are ", "{fault:?}");
        let problem = failed(last);
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(6), "{problem}");
        let is_overloaded = problem.to_string().contains("broke off: Overloaded");
        assert_eq!(is_overloaded, fault == Fault::ErrorAfter(6), "{problem}");
    }
    stage.behaviour.fail_next(Fault::GarbageAfter(5));
    let (text, last) = stage.answer().await;
    assert_eq!(text, "I heard: ");
    assert!(matches!(failed(last), ProviderError::Malformed { .. }));
    // Pings do not make a model that hangs one that writes.
    for pieces in [0, 3] {
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
    stage.behaviour.fail_next(Fault::HangAfter(4));
    let model = stage.model(anthropic::OLD_MODEL, "sk-ant-1");
    begin_and_leave(&model, &stage.behaviour).await;
    assert_eq!(
        stage.behaviour.seen()[0]["messages"],
        json!([{ "role": "user", "content": [{ "type": "text", "text": "Are you open?" }] }])
    );
}
