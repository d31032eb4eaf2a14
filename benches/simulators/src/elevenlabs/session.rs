//! One socket: text in, a tone and the times of its characters out.

use std::collections::BTreeMap;

use axum::extract::ws::WebSocket;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::MODEL_WITHOUT_TIMES;
use crate::mouth::{CHARACTERS, End, Mouth, Said};
use crate::{Behaviour, Fault};

pub(super) struct Session {
    mouth: Mouth,
    has_times: bool,
}

impl Session {
    pub(super) fn new(
        socket: WebSocket,
        behaviour: Behaviour,
        fault: Option<Fault>,
        query: &BTreeMap<String, String>,
    ) -> Self {
        let format = query.get("output_format").map_or("", String::as_str);
        let rate = format.strip_prefix("pcm_").and_then(|it| it.parse().ok());
        let model = query.get("model_id").map(String::as_str);
        let mut mouth = Mouth::new(socket, behaviour, fault, rate.unwrap_or(24_000));
        mouth.garbage = Some(Said::Text(json!({ "audio": "no base64!" })));
        Self {
            mouth,
            has_times: model != Some(MODEL_WITHOUT_TIMES),
        }
    }

    /// Says why and closes.
    pub(super) async fn refuse(mut self, name: &str, message: &str) {
        let told = json!({ "message": message, "error": name, "code": 1_008 });
        let _ = self.mouth.say(Said::Text(told)).await;
        self.mouth.close(1_008, message).await;
    }

    pub(super) async fn run(mut self) {
        let end = self.speak().await;
        self.mouth.left(&end);
    }

    async fn speak(&mut self) -> Result<(), End> {
        loop {
            let message = self.mouth.hear().await?;
            if let Some(speed) = message["voice_settings"]["speed"].as_f64() {
                self.mouth.speed = speed;
            }
            let text = message["text"].as_str().unwrap_or_default();
            if text.is_empty() {
                let held = self.mouth.held();
                if !held.is_empty() {
                    let last = json!({ "audio": STANDARD.encode(held) });
                    self.mouth.say(Said::Text(last)).await?;
                }
                let last = json!({ "audio": null, "isFinal": true });
                self.mouth.say(Said::Text(last)).await?;
                self.mouth.close(1_000, "").await;
                return Ok(());
            }
            if !text.trim().is_empty() {
                self.pronounce(text).await?;
            }
        }
    }

    async fn pronounce(&mut self, text: &str) -> Result<(), End> {
        let characters: Vec<char> = text.chars().collect();
        for (at, part) in characters
            .chunks(self.mouth.at_once(CHARACTERS))
            .enumerate()
        {
            self.mouth.wait(at == 0).await?;
            let message = self.message(part);
            self.mouth.say_sound(Said::Text(message)).await?;
        }
        Ok(())
    }

    fn message(&mut self, part: &[char]) -> Value {
        let text: String = part.iter().collect();
        let bytes = self.mouth.sound(&text);
        let mut message = json!({ "audio": STANDARD.encode(bytes), "isFinal": null });
        if self.has_times {
            let length = 60.0 / self.mouth.speed;
            let starts = (0..part.len()).map(|at| (at as f64 * length).round());
            message["alignment"] = json!({
                "chars": part.iter().map(char::to_string).collect::<Vec<_>>(),
                "charStartTimesMs": starts.collect::<Vec<_>>(),
                "charDurationsMs": vec![length.round(); part.len()],
            });
        }
        message
    }
}
