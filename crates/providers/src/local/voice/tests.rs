//! The voice as a whole, with its real files where they are present. With
//! `OFFHOOK_REQUIRE_MODELS=1` these tests fail instead of passing over absent files.

use std::sync::OnceLock;
use std::time::Duration;

use offhook_contract::{SpeechAudio, SpeechEvent, SpokenText, TextSpan};

use super::*;

#[test]
fn tmp_compare() {
    let Some(v) = voice() else { return };
    for line in std::fs::read_to_string("/tmp/spike-voice/sentences.txt").unwrap().lines() {
        let sounds = v.speaker.phonemiser.sounds(&normalise::spoken_form(line));
        let mut out = String::new();
        for s in sounds {
            match s.mark {
                Some(m) => out.push(phonemes::mark_character(m)),
                None => { if !out.is_empty() { out.push(' '); } out.push_str(&s.phonemes); }
            }
        }
        println!("OUT {out}");
    }
}

fn voice() -> Option<&'static LocalVoice> {
    static VOICE: OnceLock<Option<LocalVoice>> = OnceLock::new();
    VOICE
        .get_or_init(|| {
            let models = ModelDirectory::from_environment();
            let files = VoiceFiles::within(&models);
            let library = models.file("onnxruntime", "libonnxruntime.so");
            if !files.network.exists() || !library.exists() {
                let is_required = std::env::var("OFFHOOK_REQUIRE_MODELS").is_ok_and(|on| on == "1");
                assert!(!is_required, "{} is missing: run `offhook models pull`", files.network.display());
                return None;
            }
            let runtime = OnnxRuntime::load(&library).unwrap();
            Some(LocalVoice::load(&runtime, &files, 1).unwrap())
        })
        .as_ref()
}
