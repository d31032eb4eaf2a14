//! A voice is given other words than those that are written: what the call then knows was heard.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::{Agent, CallVariables};
use offhook_call::{CallSetup, Control, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedVoice,
};
use offhook_contract::{LegDescription, leg};
use offhook_media::SampleRate;
use offhook_providers::diction::{Reading, WordedVoice};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// What the voice was given of the greeting, and what of it was heard until the call ended.
async fn call(voice: &Value, until_ms: u64) -> (Vec<String>, String) {
    let agent = json!({
        "name": "Ann", "prompt": "Be brief.", "first_message": "It costs $120 at ACME.",
        "voice": voice,
    });
    let agent = Agent::from_json(&agent.to_string()).unwrap();
    let scripted = ScriptedVoice::default();
    let (near, mut far) = leg(LegDescription {
        transport: "test".into(),
        rate: SampleRate::HZ_8000,
        lead: Duration::ZERO,
    });
    let (control, orders) = mpsc::channel(1);
    let session = Session::open(CallSetup {
        call_id: "call".into(),
        persona: Persona::new(Arc::new(agent), CallVariables::new()),
        leg: near,
        providers: Providers {
            detector: Arc::new(ScriptedDetector::with_likelihoods(&[])),
            recognition: Arc::new(ScriptedRecognition::new(Vec::new())),
            chat: Arc::new(ScriptedChat::new(Vec::new())),
            voice: Arc::new(WordedVoice::new(Arc::new(scripted.clone()), Reading::PLAIN)),
        },
        log: None,
        control: orders,
    })
    .await
    .unwrap();
    tokio::spawn(async move { while far.audio_out.recv().await.is_some() {} });
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(until_ms)).await;
        control.send(Control::HangUp).await.ok();
    });
    let record = session.run().await;
    let given = scripted.texts.so_far().into_iter().map(|it| it.text);
    let heard = record.turns[0].heard_text.clone();
    (given.collect(), heard.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn the_transcript_keeps_what_is_written_and_knows_how_far_it_was_heard() {
    let voice = json!({
        "text_normalisation": "always",
        "pronunciations": [{ "text": "ACME", "alias": "a company" }],
    });
    // 200 ms a word: the number is said from 0.4 to 1.2 s.
    for (until, heard) in [
        (700, "It costs"),
        (1_150, "It costs $120"),
        (4_000, "It costs $120 at ACME."),
    ] {
        let (given, said) = call(&voice, until).await;
        let words = "It costs one hundred twenty dollars at a company.";
        assert_eq!(given, [words]);
        assert_eq!(said, heard, "until {until} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_reads_well_is_given_what_is_written() {
    let (given, heard) = call(&json!({}), 4_000).await;
    assert_eq!(
        (given[0].as_str(), heard.as_str()),
        ("It costs $120 at ACME.", "It costs $120 at ACME.")
    );
}
