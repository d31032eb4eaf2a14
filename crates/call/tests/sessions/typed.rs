//! Keys that the caller presses.

use offhook_call::report::{CallEvent, TranscriptRole};
use offhook_contract::scripted::ScriptedReply;

use super::ms;
use super::stage::Stage;

/// What the chat model read with its last request, and when the agent answered, of a caller who
/// presses 1, 2 and `#`.
async fn typed(fields: &str) -> (String, u128) {
    let (stage, chat) = Stage::new()
        .agent_with_only(&format!(r#""first_message": "Hello there."{fields}"#))
        .answers(ScriptedReply::new("Thank you."))
        .presses(ms(2_000), '1')
        .presses(ms(2_500), '2')
        .presses(ms(3_000), '#')
        .hangs_up(ms(9_000))
        .with_chat();
    let call = stage.run().await;
    let keys = call
        .events
        .iter()
        .filter(|it| matches!(it, CallEvent::Key { .. }));
    assert_eq!(keys.count(), 3, "whoever watches sees each");
    let read = chat
        .asked()
        .pop()
        .and_then(|it| Some(it.last()?.text.clone()));
    let turns: Vec<_> = call.events.iter().filter_map(CallEvent::turn).collect();
    let answer = turns.iter().find(|it| it.text == "Thank you.");
    if let Some(read) = &read {
        let caller = turns.iter().find(|it| it.role == TranscriptRole::Caller);
        assert_eq!(caller.map(|it| it.text.as_str()), Some(read.as_str()));
    }
    let answered = answer.map_or(0, |it| u128::from(it.at_ms));
    (read.unwrap_or_default(), answered)
}

#[tokio::test(start_paused = true)]
async fn keys_are_a_turn_of_the_caller_s() {
    let (read, answered) = typed("").await;
    assert_eq!(read, "[keys 12]");
    assert!((3_000..4_000).contains(&answered), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn a_hash_may_be_a_key_as_any_other() {
    let (read, answered) =
        typed(r#", "key_input": { "hash_ends": false, "pause_max": "3s" }"#).await;
    assert_eq!(read, "[keys 12#]");
    assert!((6_000..7_000).contains(&answered), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn keys_after_a_pause_are_another_entry() {
    let (stage, chat) = Stage::new()
        .agent_with_only(r#""first_message": "Hi.", "key_input": { "pause_max": "300ms" }"#)
        .answers(ScriptedReply::new("One."))
        .answers(ScriptedReply::new("Two."))
        .presses(ms(2_000), '1')
        .presses(ms(4_000), '2')
        .hangs_up(ms(7_000))
        .with_chat();
    stage.run().await;
    let asked = chat.asked();
    let read: Vec<_> = asked.iter().filter_map(|it| it.last()).collect();
    let texts: Vec<_> = read.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["[keys 1]", "[keys 2]"]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_may_leave_keys_alone() {
    assert_eq!(typed(r#", "key_input": null"#).await, (String::new(), 0));
}
