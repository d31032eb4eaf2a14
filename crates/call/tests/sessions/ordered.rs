//! What others than the two who talk order: speech, keys, a hold, a muted side.

use std::f32::consts::TAU;

use offhook_call::report::{CallEvent, CallState, TranscriptRole};
use offhook_call::{Control, OrderedWords, Side, SpokenOrder, TurnKind};
use offhook_contract::Role;
use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};
use offhook_media::ToolSound;
use offhook_turn_taking::{HangUpCause, Line};

use super::ms;
use super::stage::{Performance, Stage};

fn say(text: &str) -> SpokenOrder {
    SpokenOrder {
        words: OrderedWords::Text(text.into()),
        is_urgent: false,
        is_interruptible: true,
        ends_call: false,
    }
}

fn said(call: &Performance) -> Vec<(TranscriptRole, String)> {
    let turns = call.events.iter().filter_map(CallEvent::turn);
    turns.map(|turn| (turn.role, turn.text.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_ordered_is_said_and_remembered() {
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Why is that?"))
        .answers(ScriptedReply::new("Because of snow."))
        .ordered(ms(2_000), Control::Speak(say("We close early today.")))
        .speaks(ms(5_000), ms(1_000))
        .hangs_up(ms(9_000))
        .with_chat();
    let call = stage.run().await;
    // Four words of 200 ms each.
    assert_eq!(call.agent_time_between(ms(2_000), ms(4_500)), ms(800));
    let agent = |text: &str| (TranscriptRole::Agent, text.to_owned());
    let expected = [
        agent("Hello there."),
        agent("We close early today."),
        (TranscriptRole::Caller, "Why is that?".to_owned()),
        agent("Because of snow."),
    ];
    assert_eq!(said(&call), expected);
    let last = chat.asked().pop().expect("it was asked");
    assert!(
        last.iter()
            .any(|it| it.role == Role::Agent && it.text.ends_with("We close early today."))
    );
}

#[tokio::test(start_paused = true)]
async fn last_words_end_the_call_and_nothing_stops_them() {
    let last = SpokenOrder {
        is_urgent: true,
        is_interruptible: false,
        ends_call: true,
        ..say("We are sorry and have to end this call right now.")
    };
    let call = Stage::new()
        .hears(ScriptedUtterance::new("No, please wait a moment."))
        .ordered(ms(2_000), Control::Speak(last))
        .speaks(ms(2_400), ms(1_000))
        .run()
        .await;
    assert_eq!(call.record.ended, HangUpCause::AgentHungUp);
    let turn = call.record.turns.last().expect("it was said");
    assert_eq!(turn.kind, TurnKind::Line(Line::Ordered(0)));
    let heard = turn.heard_text.as_deref();
    assert_eq!(
        heard,
        Some("We are sorry and have to end this call right now.")
    );
    assert!(
        call.record.duration < ms(6_000),
        "{:?}",
        call.record.duration
    );
}

/// How much of a tone is in samples at 16 kHz.
fn power(samples: &[i16], frequency: f32) -> f32 {
    let (mut real, mut imaginary) = (0.0_f32, 0.0_f32);
    for (at, sample) in samples.iter().enumerate() {
        let angle = TAU * frequency * at as f32 / 16_000.0;
        real += f32::from(*sample) * angle.cos();
        imaginary += f32::from(*sample) * angle.sin();
    }
    (real * real + imaginary * imaginary).sqrt() / samples.len() as f32
}

#[tokio::test(start_paused = true)]
async fn keys_are_heard_as_their_tones_and_known_to_the_model() {
    let keys = SpokenOrder {
        words: OrderedWords::Keys("5w#".into()),
        is_interruptible: false,
        ..say("")
    };
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Thank you."))
        .answers(ScriptedReply::new("Goodbye."))
        .ordered(ms(2_000), Control::Speak(keys))
        .speaks(ms(5_000), ms(1_000))
        .hangs_up(ms(8_000))
        .with_chat();
    let call = stage.run().await;
    // A key of 240 ms, half a second, a key.
    assert_eq!(call.agent_time_between(ms(2_000), ms(4_500)), ms(980));
    let heard = call.heard_between(ms(1_900), ms(3_500));
    let begin = heard
        .iter()
        .position(|sample| sample.unsigned_abs() > 500)
        .expect("a tone");
    let first = &heard[begin..begin + 16 * 100];
    let second = &heard[begin + 16 * 760..begin + 16 * 860];
    for (tone, own, other) in [
        (first, [770.0, 1_336.0], 941.0),
        (second, [941.0, 1_477.0], 770.0),
    ] {
        for frequency in own {
            assert!(power(tone, frequency) > 20.0 * power(tone, other));
        }
    }
    let last = chat.asked().pop().expect("it was asked");
    let noted = "You pressed the keys 5w# on the telephone.";
    assert!(last.iter().any(|it| it.text == noted), "{last:?}");
    assert_eq!(
        said(&call).len(),
        3,
        "tones are no words: {:?}",
        said(&call)
    );
}

#[tokio::test(start_paused = true)]
async fn on_hold_the_caller_hears_music_and_nobody_hears_the_caller() {
    let hold = Control::Hold {
        sound: Some(ToolSound::Elevator2),
    };
    let call = Stage::new()
        .hears(ScriptedUtterance::new("Are you back?"))
        .answers(ScriptedReply::new("Yes, I am."))
        .ordered(ms(2_000), Control::Speak(say("One moment.")))
        .ordered(ms(2_000), hold)
        .speaks(ms(10_000), ms(1_000))
        .ordered(ms(30_000), Control::EndHold)
        .speaks(ms(32_000), ms(1_000))
        .hangs_up(ms(36_000))
        .run()
        .await;
    let loud = |from, to| {
        let heard = call.heard_between(ms(from), ms(to)).iter();
        heard.map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
    };
    assert!(loud(5_000, 9_000) > 1_000, "music");
    assert!(loud(20_000, 29_000) > 1_000, "music still");
    assert_eq!(loud(30_500, 32_000), 0, "none after it");
    let expected: Vec<_> = [
        (TranscriptRole::Agent, "Hello there."),
        (TranscriptRole::Agent, "One moment."),
        (TranscriptRole::Caller, "Are you back?"),
        (TranscriptRole::Agent, "Yes, I am."),
    ]
    .map(|(role, text)| (role, text.to_owned()))
    .into();
    assert_eq!(said(&call), expected);
    let is_hold = |it: &&CallEvent| {
        matches!(
            it,
            CallEvent::State {
                state: CallState::OnHold
            }
        )
    };
    assert_eq!(call.events.iter().filter(is_hold).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_muted_agent_listens_and_answers_when_it_is_told_to() {
    let mute = |is_on| Control::Mute {
        side: Side::Agent,
        is_on,
    };
    let reply = SpokenOrder {
        words: OrderedWords::Reply,
        ..say("")
    };
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("When are you open?"))
        .answers(ScriptedReply::new("We open at eight."))
        .ordered(ms(1_500), mute(true))
        .speaks(ms(2_000), ms(1_000))
        .ordered(ms(20_000), mute(false))
        .ordered(ms(20_000), Control::Speak(reply))
        .hangs_up(ms(24_000))
        .with_chat();
    let call = stage.run().await;
    assert_eq!(call.agent_time_between(ms(1_600), ms(20_000)), ms(0));
    assert_eq!(call.agent_time_between(ms(20_000), ms(23_000)), ms(800));
    let last = chat.asked().pop().expect("it was asked");
    let [.., question, order] = last.as_slice() else {
        panic!("{last:?}")
    };
    assert_eq!(question.text, "When are you open?");
    assert_eq!(order.role, Role::System);
    let expected: Vec<_> = [
        (TranscriptRole::Agent, "Hello there."),
        (TranscriptRole::Caller, "When are you open?"),
        (TranscriptRole::Agent, "We open at eight."),
    ]
    .map(|(role, text)| (role, text.to_owned()))
    .into();
    assert_eq!(said(&call), expected);
}

#[tokio::test(start_paused = true)]
async fn a_muted_caller_is_not_heard() {
    let mute = |is_on| Control::Mute {
        side: Side::Caller,
        is_on,
    };
    let call = Stage::new()
        .hears(ScriptedUtterance::new("Can you hear me?"))
        .answers(ScriptedReply::new("Now I can."))
        .ordered(ms(1_500), mute(true))
        .speaks(ms(2_000), ms(1_000))
        .ordered(ms(5_000), mute(false))
        .speaks(ms(6_000), ms(1_000))
        .hangs_up(ms(10_000))
        .run()
        .await;
    assert_eq!(call.agent_time_between(ms(2_000), ms(7_000)), ms(0));
    assert_eq!(call.agent_time_between(ms(7_000), ms(9_500)), ms(600));
    assert_eq!(said(&call).len(), 3);
}
