//! How the caller is heard.

use offhook_media::Denoising;
use serde_json::json;

use crate::knob::{Knob, knob};
use crate::stage::Stage;

pub(crate) fn knobs() -> Vec<Knob> {
    vec![
        knob(
            "keywords",
            [json!([]), json!(["Offhook", "Glenn Miller"])],
            "recognition is told of them",
            || Stage::new().hangs_up(2_000),
            |[none, two]| {
                assert!(none.recognition[0].keywords.is_empty());
                assert_eq!(two.recognition[0].keywords, ["Offhook", "Glenn Miller"]);
            },
        ),
        knob(
            "denoising",
            [
                json!("off"),
                json!("noise-cancellation"),
                json!("noise-and-background-speech-cancellation"),
            ],
            "the detector is asked to take this out before it judges who speaks",
            || Stage::new().hangs_up(2_000),
            |calls| {
                let asked = calls.map(|call| call.detector[0].denoising);
                let wanted = [
                    Denoising::Off,
                    Denoising::NoiseCancellation,
                    Denoising::NoiseAndBackgroundSpeechCancellation,
                ];
                assert_eq!(asked, wanted);
            },
        ),
    ]
}
