//! Another agent takes a running call over.

use std::sync::Arc;

use async_trait::async_trait;
use offhook_agent::CallVariables;
use offhook_call::report::CallEvent;
use offhook_call::{Control, OrderedWords, Providers, SpokenOrder, Successor};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_contract::{ChatCall, ChatMessage, ChatModel, ProviderError, Role};
use offhook_turn_taking::Opening;

use super::ms;
use super::stage::{Stage, persona_of};

fn successor(fields: &str, chat: Arc<dyn ChatModel>, opening: Option<Opening>) -> Control {
    let agent = format!(
        r#"{{"name":"Ben","prompt":"You do billing.","first_message":"Ben here, {{{{topic}}}}."{fields}}}"#
    );
    let variables = CallVariables::from([("topic".to_owned(), "billing".to_owned())]);
    let utterance = ScriptedUtterance::new("I was charged twice.");
    Control::ChangeAgent(Box::new(Successor {
        id: "agent_ben".into(),
        persona: persona_of(&agent, variables),
        providers: Providers {
            detector: Arc::new(ScriptedDetector::with_likelihoods(&[])),
            recognition: Arc::new(ScriptedRecognition::new(vec![utterance])),
            chat,
            voice: Arc::new(ScriptedVoice::default()),
        },
        opening,
    }))
}

fn say(text: &str) -> Control {
    Control::Speak(SpokenOrder {
        words: OrderedWords::Text(text.into()),
        is_urgent: false,
        is_interruptible: true,
        ends_call: false,
    })
}

#[tokio::test(start_paused = true)]
async fn another_agent_greets_and_answers_by_its_own_prompt_with_all_that_was_said() {
    let billing = ScriptedChat::new(vec![ScriptedReply::new("I see two charges.")]);
    let (stage, first) = Stage::new()
        .agent(r#""variables":{"topic":"nothing"}"#)
        .hears(ScriptedUtterance::new("I have a billing question."))
        .answers(ScriptedReply::new("Let me see."))
        .speaks(ms(2_000), ms(1_000))
        .ordered(ms(6_000), say("Ben will help you."))
        .ordered(
            ms(6_000),
            successor(
                r#","variables":{"topic":"none"}"#,
                Arc::new(billing.clone()),
                Some(Opening::Greeting),
            ),
        )
        .speaks(ms(10_000), ms(1_000))
        .hangs_up(ms(14_000))
        .with_chat();
    let call = stage.run().await;
    assert_eq!(call.record.problems, Vec::<String>::new());
    let heard: Vec<&str> = call
        .record
        .turns
        .iter()
        .filter_map(|turn| turn.heard_text.as_deref())
        .collect();
    let expected = [
        "Hello there.",
        "Let me see.",
        "Ben will help you.",
        "Ben here, billing.",
        "I see two charges.",
    ];
    assert_eq!(heard, expected);
    // Replies are numbered on, and each agent's model is asked for its own.
    let turns: Vec<u32> = call.record.turns.iter().map(|turn| turn.turn.0).collect();
    assert!(turns.is_sorted_by(|one, next| one < next), "{turns:?}");
    assert_eq!(first.asked().len(), 1);
    let asked = billing.asked().pop().expect("it was asked");
    assert_eq!(asked[0].role, Role::System);
    assert!(asked[0].text.starts_with("You do billing."), "{asked:?}");
    let has = |text: &str| asked.iter().any(|it| it.text.contains(text));
    assert!(has("I have a billing question.") && has("Let me see."));
    assert!(has("You have taken the call over"));
    assert!(has("I was charged twice."));
    let record = &call.record;
    assert_eq!(record.agent_name, "Ava");
    let changes = &record.agent_changes;
    assert_eq!(
        (changes[0].id.as_str(), changes[0].name.as_str()),
        ("agent_ben", "Ben")
    );
    let told = CallEvent::AgentChanged {
        successor: "agent_ben".into(),
        name: "Ben".into(),
    };
    assert!(call.events.contains(&told), "{:?}", call.events);
}

/// A chat model that cannot be opened.
struct Shut;

#[async_trait]
impl ChatModel for Shut {
    async fn open(&self, _: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        Err(ProviderError::Unavailable {
            provider: "billing".into(),
            problem: "down".into(),
        })
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_other_one_cannot_be_had_the_agent_goes_on() {
    let (stage, first) = Stage::new()
        .hears(ScriptedUtterance::new("Are you there?"))
        .answers(ScriptedReply::new("I am."))
        .ordered(
            ms(2_000),
            successor(
                r#","variables":{"topic":"none"}"#,
                Arc::new(Shut),
                Some(Opening::Greeting),
            ),
        )
        .speaks(ms(4_000), ms(1_000))
        .hangs_up(ms(8_000))
        .with_chat();
    let call = stage.run().await;
    let problems = &call.record.problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("another agent cannot take over: "));
    assert_eq!(call.record.agent_changes, []);
    let last = call.record.turns.last().expect("a turn");
    assert_eq!(last.heard_text.as_deref(), Some("I am."));
    assert_eq!(first.asked().len(), 1);
}
