//! Machines that answer calls of the agent's, and assistants that screen them.

use offhook_call::report::{CallEvent, TranscriptRole};
use offhook_call::{Answerer, Control, TurnKind};
use offhook_contract::Role;
use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};
use offhook_turn_taking::{HangUpCause, Line};

use super::ms;
use super::stage::{Performance, Stage};

const AGENT: &str = r#""first_message": "Hello there.",
    "variables": { "name": "Ann" },
    "voicemail_message": "This is {{name}}. Please call us back.""#;
const MESSAGE: &str = "This is Ann. Please call us back.";

fn left(call: &Performance) -> Option<&str> {
    let last = call.record.turns.last()?;
    let is_order = matches!(last.kind, TurnKind::Line(Line::Ordered(_)));
    last.heard_text.as_deref().filter(|_| is_order)
}

fn is_machine(call: &Performance) -> bool {
    let by_machine = CallEvent::Answered {
        by: "machine".into(),
    };
    let told = call.events.iter().filter(|it| **it == by_machine).count();
    assert!(told <= 1, "it is told once");
    told == 1
}

#[tokio::test(start_paused = true)]
async fn a_message_is_left_after_the_greeting_and_the_beep() {
    let call = Stage::new()
        .agent_with_only(AGENT)
        .calling()
        .hears(ScriptedUtterance::new(
            "You have reached Bob. Please leave a message after the tone.",
        ))
        .speaks(ms(400), ms(4_000))
        .beeps(ms(6_000), ms(500))
        .run()
        .await;
    assert_eq!(left(&call), Some(MESSAGE));
    assert!(is_machine(&call));
    assert_eq!(call.record.ended, HangUpCause::AgentHungUp);
    // Nothing is said into the greeting's end, nor before the beep is over; seven words follow.
    assert_eq!(call.agent_time_between(ms(5_000), ms(6_500)), ms(0));
    assert_eq!(call.agent_time_between(ms(6_500), ms(9_000)), ms(1_400));
    let answers = call.record.turns.iter();
    let answers = answers.filter(|it| it.kind == TurnKind::Answer && !it.generated_text.is_empty());
    assert_eq!(answers.count(), 0, "a greeting gets no answer");
}

#[tokio::test(start_paused = true)]
async fn a_greeting_without_a_beep_is_waited_out() {
    let call = Stage::new()
        .agent_with_only(AGENT)
        .calling()
        .hears(ScriptedUtterance::new("Bob can't come to the phone."))
        .speaks(ms(400), ms(2_000))
        .run()
        .await;
    assert_eq!(left(&call), Some(MESSAGE));
    assert_eq!(call.agent_time_between(ms(3_000), ms(4_700)), ms(0));
    assert_eq!(call.agent_time_between(ms(4_700), ms(8_000)), ms(1_400));
}

#[tokio::test(start_paused = true)]
async fn the_carrier_says_when_to_speak() {
    let machine = |is_recording| Control::Answered(Answerer::Machine { is_recording });
    let call = Stage::new()
        .agent_with_only(AGENT)
        .calling()
        .ordered(ms(2_000), machine(false))
        .ordered(ms(4_000), machine(true))
        .run()
        .await;
    assert_eq!(left(&call), Some(MESSAGE));
    assert_eq!(call.agent_time_between(ms(2_000), ms(4_000)), ms(0));
    assert!(
        call.record.duration < ms(6_500),
        "{:?}",
        call.record.duration
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_message_to_leave_the_agent_hangs_up_or_talks_on() {
    let stage = |agent: &str| {
        Stage::new()
            .agent_with_only(agent)
            .calling()
            .hears(ScriptedUtterance::new("Please leave a message."))
            .answers(ScriptedReply::new("All right."))
            .speaks(ms(400), ms(2_000))
            .hangs_up(ms(8_000))
    };
    let empty = r#""first_message": "Hello there.", "voicemail_message": """#;
    let hung_up = stage(empty).run().await;
    assert_eq!(hung_up.record.ended, HangUpCause::AgentHungUp);
    assert_eq!(left(&hung_up), None);
    let on = stage(r#""first_message": "Hello there.""#).run().await;
    assert_eq!(on.record.ended, HangUpCause::CallerHungUp);
    assert!(
        on.record
            .turns
            .iter()
            .any(|it| it.generated_text == "All right.")
    );
    assert!(!is_machine(&on));
}

#[tokio::test(start_paused = true)]
async fn who_calls_the_agent_is_never_taken_for_a_machine() {
    let call = Stage::new()
        .agent_with_only(AGENT)
        .hears(ScriptedUtterance::new("Can I leave a message?"))
        .answers(ScriptedReply::new("Yes, you can."))
        .speaks(ms(2_000), ms(1_000))
        .beeps(ms(5_000), ms(500))
        .hangs_up(ms(8_000))
        .run()
        .await;
    assert_eq!(call.record.ended, HangUpCause::CallerHungUp);
    let said: Vec<_> = call.events.iter().filter_map(CallEvent::turn).collect();
    assert!(
        said.iter()
            .any(|it| it.role == TranscriptRole::Agent && it.text == "Yes, you can.")
    );
}

/// By "call_screening.identity" and "call_screening.purpose".
#[tokio::test(start_paused = true)]
async fn who_screens_a_call_is_told_who_calls_and_why() {
    let agent = r#""first_message": "Hello there.",
        "call_screening": { "identity": "Ann of Smile Dental", "purpose": "your appointment" }"#;
    let asked = |stage: Stage| async {
        let (stage, chat) = stage
            .agent_with_only(agent)
            .hears(ScriptedUtterance::new("Who is calling?"))
            .answers(ScriptedReply::new("Ann of Smile Dental."))
            .speaks(ms(2_000), ms(1_000))
            .hangs_up(ms(6_000))
            .with_chat();
        stage.run().await;
        let asked = chat.asked().pop().expect("it was asked");
        assert_eq!(asked[0].role, Role::System);
        asked[0].text.clone()
    };
    let prompt = asked(Stage::new().calling()).await;
    for said in [
        "You are: Ann of Smile Dental.",
        "You call about: your appointment.",
    ] {
        assert!(prompt.contains(said), "{prompt}");
    }
    assert!(!asked(Stage::new()).await.contains("You are: Ann"));
}
