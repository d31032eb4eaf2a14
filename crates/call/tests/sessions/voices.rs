//! Several voices in one reply.

use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};

use super::ms;
use super::stage::{RATE, Stage};

const VOICES: &str = r#""voice": { "others": [
    { "label": "Anna", "id": "drone", "speed": 1.5, "language": "de" }
] }"#;

fn question(answer: &str) -> Stage {
    Stage::new()
        .agent(VOICES)
        .hears(ScriptedUtterance::new("What did she say?"))
        .answers(ScriptedReply::new(answer))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(9_000))
}

#[tokio::test(start_paused = true)]
async fn words_between_labels_are_another_voices() {
    let answer = "She said to me <Anna>guten Morgen zusammen.</Anna> And that was all.";
    let (stage, voice) = question(answer).with_voice();
    let call = stage.run().await;
    let turn = &call.record.turns[1];
    let plain = "She said to me guten Morgen zusammen. And that was all.";
    assert_eq!(turn.heard_text.as_deref(), Some(plain));
    assert_eq!(turn.generated_text, plain);
    let asked = voice.requests.so_far();
    // Each is asked for the leg's own rate.
    assert!(asked.iter().all(|it| it.rate == Some(RATE)), "{asked:?}");
    let asked: Vec<_> = asked
        .iter()
        .skip(1)
        .map(|it| (it.voice.as_deref(), it.language.as_str()))
        .collect();
    assert_eq!(asked, [(None, "en"), (Some("drone"), "de"), (None, "en")]);
    let said: Vec<String> = voice.texts.so_far().into_iter().map(|it| it.text).collect();
    let pieces = [
        "Hello there.",
        "She said to me",
        "guten Morgen zusammen.",
        "And that was all.",
    ];
    assert_eq!(said, pieces);
    // Eleven words of 200 ms each, one voice after the other without a gap.
    assert_eq!(call.agent_frames_after(ms(3_000)), 110);
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_in_another_voice_is_cut_in_the_words() {
    let answer = "<Anna>One two three four five six seven eight nine ten.</Anna> Yes.";
    let call = question(answer)
        .hears(ScriptedUtterance::new("Stop it right now please."))
        .speaks(ms(4_500), ms(1_500))
        .run()
        .await;
    let turn = &call.record.turns[1];
    assert!(turn.is_interrupted);
    let heard = turn.heard_text.as_deref().unwrap_or_default();
    assert!(heard.starts_with("One two three"), "{heard}");
    assert!(!heard.contains("ten"), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_label_is_said_as_it_is() {
    let call = question("Five < six, <b>yes.").run().await;
    let turn = &call.record.turns[1];
    assert_eq!(turn.heard_text.as_deref(), Some("Five < six, <b>yes."));
}

#[tokio::test(start_paused = true)]
async fn audio_tags_are_told_where_the_voice_takes_them() {
    let stage = || {
        Stage::new()
            .agent(
                r#""voice": { "is_expressive": true, "audio_tags": [
                    { "tag": "warmly", "description": "when greeting" }
                ] }"#,
            )
            .hears(ScriptedUtterance::new("Hello?"))
            .answers(ScriptedReply::new("[warmly] Hello."))
            .speaks(ms(2_000), ms(1_000))
            .hangs_up(ms(6_000))
    };
    for takes in [true, false] {
        let stage = if takes {
            stage().with_audio_tags()
        } else {
            stage()
        };
        let (stage, chat) = stage.with_chat();
        stage.run().await;
        let asked = chat.requests().so_far();
        let told = asked[0].messages[0]
            .text
            .contains("- [warmly]: when greeting");
        assert_eq!(told, takes);
    }
}
