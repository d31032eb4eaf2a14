//! `/v1/listen`: results with the times of their words.

use std::time::Duration;

use serde_json::{Value, json};

use crate::hearing::{Ear, Listener, Script, Silence, Told};

/// Milliseconds of audio between two interim results, and between two final ones.
const INTERIM_EVERY: u64 = 500;
const FINAL_EVERY: u64 = 3_000;
/// Milliseconds of audio for which a request to settle is answered.
const ANSWERED_MIN: u64 = 60;
/// Milliseconds of silence below which none is a pause, whatever is asked for.
const PAUSE_MIN: u64 = 40;

/// The audio of one connection, and what of it is settled.
pub(super) struct Nova {
    ear: Ear,
    settled: u64,
    interim_at: u64,
    /// Milliseconds of silence after which what was said is settled; `None` where none does that.
    pause: Option<u64>,
}

impl Nova {
    pub(super) fn new(script: Script, rate: u32, pause: Option<u64>) -> Self {
        Self {
            ear: Ear::new(script, rate),
            pause: pause.map(|it| it.max(PAUSE_MIN)),
            settled: 0,
            interim_at: 0,
        }
    }

    /// Settles what was heard: all of it where that is asked for, else up to a word that is not over.
    fn settle(&mut self, is_asked: bool) -> Value {
        let until = self.settle_at(is_asked);
        let result = self.result(until, true, is_asked);
        self.go_on(until);
        result
    }

    fn go_on(&mut self, until: u64) {
        self.settled = until;
        self.interim_at = self.ear.position;
        self.ear.forget(until);
    }

    /// Settles what was said before a pause that is as long as asked for.
    fn settle_at_pause(&mut self) -> Option<(Duration, Value)> {
        let pause = self.ear.samples(self.pause?);
        let said = self.ear.words.last()?.to;
        if self.ear.position - said < pause {
            return None;
        }
        let until = self.ear.position;
        let mut result = self.result(until, true, false);
        result["speech_final"] = json!(true);
        self.go_on(until);
        Some((Duration::from_millis(self.pause?), result))
    }

    fn settle_at(&self, is_asked: bool) -> u64 {
        match self.ear.unfinished() {
            Some(from) if !is_asked && from > self.settled => from,
            _ => self.ear.position,
        }
    }

    fn result(&self, until: u64, is_final: bool, from_finalize: bool) -> Value {
        let heard = self.ear.words.iter().filter(|word| word.from < until);
        let words: Vec<Value> = heard
            .map(|word| {
                let text = self.ear.text(word);
                let bare = text.trim_matches(|it: char| it.is_ascii_punctuation());
                json!({
                    "word": bare.to_lowercase(),
                    "start": self.ear.seconds(word.from),
                    "end": self.ear.seconds(word.to),
                    "confidence": 0.98,
                    "punctuated_word": text,
                })
            })
            .collect();
        let texts: Vec<&str> = words
            .iter()
            .filter_map(|word| word["punctuated_word"].as_str())
            .collect();
        json!({
            "type": "Results",
            "channel_index": [0, 1],
            "start": self.ear.seconds(self.settled),
            "duration": self.ear.seconds(until - self.settled),
            "is_final": is_final,
            "speech_final": from_finalize,
            "from_finalize": from_finalize,
            "channel": { "alternatives": [{
                "transcript": texts.join(" "),
                "confidence": 0.98,
                "words": words,
            }] },
            "metadata": {
                "request_id": "00000000-0000-4000-8000-000000000000",
                "model_info": { "name": "general-nova-3", "version": "simulated", "arch": "nova-3" },
                "model_uuid": "00000000-0000-4000-8000-000000000001",
            },
        })
    }
}

impl Listener for Nova {
    const SILENCE: Silence = Silence {
        max: Duration::from_secs(10),
        code: 1011,
        words: "Deepgram did not receive audio data or a text message within the timeout window. \
                See https://dpgr.am/net0001",
    };

    const GARBAGE: &'static [&'static str] = &[
        r#"{"type":"Results","channel":["#,
        r#"{"type":"Results","start":"late","duration":null}"#,
        r#"{"type":"Results","start":1e300,"duration":-1e300,"is_final":false,"channel":{}}"#,
        r#"{"type":"Thought","channel":[0,1],"text":7}"#,
        "[[[]]]",
    ];

    fn hear(&mut self, audio: &[u8]) -> Told {
        let mut told = Told::default();
        for pair in audio.as_chunks::<2>().0 {
            self.ear.sample(i16::from_le_bytes(*pair));
            let position = self.ear.position;
            if let Some(pause) = self.settle_at_pause() {
                told.pauses.push(pause);
            } else if position - self.settled >= self.ear.samples(FINAL_EVERY) {
                told.results.push((true, self.settle(false)));
            } else if position - self.interim_at >= self.ear.samples(INTERIM_EVERY) {
                self.interim_at = position;
                told.results
                    .push((false, self.result(position, false, false)));
            }
        }
        told
    }

    fn obey(&mut self, message: &Value) -> Told {
        let mut told = Told::default();
        let is_much = self.ear.position - self.settled >= self.ear.samples(ANSWERED_MIN);
        match message["type"].as_str() {
            Some("Finalize") if is_much => told.results.push((true, self.settle(true))),
            Some("CloseStream") => {
                told.is_over = true;
                told.results.push((true, self.settle(false)));
            }
            _ => {}
        }
        told
    }

    fn goodbye(&mut self) -> Vec<Value> {
        vec![json!({
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": "00000000-0000-4000-8000-000000000000",
            "sha256": "simulated",
            "created": "2026-01-01T00:00:00.000Z",
            "duration": self.ear.seconds(self.ear.position),
            "channels": 1,
        })]
    }
}
