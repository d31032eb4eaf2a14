//! One reply over one socket. Each piece is a context of its own, so that its sound and the times of
//! its words are told apart from those of others; it is asked for when the piece before is whole.

use std::collections::VecDeque;

use offhook_contract::{ProviderError, SpeechAudio, SpokenText};
use offhook_media::SampleRate;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hosted::{
    Heard, Owed, Payload, Pcm, SpeechDialect, TimedPiece, broke_off, closed_early, decoded,
    malformed,
};

/// What was asked for, and what waits.
#[derive(Debug)]
pub(super) struct Session {
    provider: String,
    rate: SampleRate,
    /// Each request without its text and its context.
    manner: Value,
    waiting: VecDeque<SpokenText>,
    /// The piece that is being spoken, and the number of its context.
    current: Option<(usize, TimedPiece)>,
    begun: usize,
    pcm: Pcm,
}

impl Session {
    /// A reply that is asked for in the manner of `manner`.
    pub(super) fn new(provider: &str, rate: SampleRate, manner: Value) -> Self {
        Self {
            provider: provider.to_owned(),
            rate,
            manner,
            waiting: VecDeque::new(),
            current: None,
            begun: 0,
            pcm: Pcm::at(rate),
        }
    }

    /// The request for the next piece, where none is being spoken.
    fn next(&mut self) -> Option<String> {
        if self.current.is_some() {
            return None;
        }
        let piece = self.waiting.pop_front()?;
        self.begun += 1;
        let mut request = self.manner.clone();
        request["context_id"] = json!(context(self.begun));
        request["transcript"] = json!(piece.text.trim());
        self.current = Some((self.begun, TimedPiece::new(&piece, self.rate)));
        Some(request.to_string())
    }

    /// Sound of the piece that is being spoken.
    fn sound(&mut self, data: &str) -> Result<Option<SpeechAudio>, ProviderError> {
        self.pcm.push(&decoded(&self.provider, data)?);
        let samples = self.pcm.take();
        let current = self.current.as_mut();
        Ok(current.and_then(|(_, piece)| piece.sound(samples)))
    }

    fn problem(&self, answer: &Answer) -> ProviderError {
        let words: Vec<&str> = [&answer.title, &answer.message, &answer.error]
            .into_iter()
            .filter_map(|it| it.as_deref().filter(|it| !it.is_empty()))
            .collect();
        let words = words.join(": ");
        let words = (!words.is_empty()).then_some(words.as_str());
        let status = answer.status_code.unwrap_or(500);
        broke_off(&self.provider, words, status >= 500 || status == 429)
    }
}

fn context(number: usize) -> String {
    format!("piece-{number}")
}

impl SpeechDialect for Session {
    fn opening(&mut self) -> Option<String> {
        None
    }

    fn piece(&mut self, piece: &SpokenText) -> Vec<String> {
        self.waiting.push_back(piece.clone());
        self.next().into_iter().collect()
    }

    fn ending(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn read(&mut self, message: &Payload) -> Result<Heard, ProviderError> {
        let Payload::Text(text) = message else {
            return Ok(Heard::default());
        };
        let answer: Answer = serde_json::from_str(text)
            .map_err(|problem| malformed(&self.provider, format!("a message: {problem}")))?;
        if answer.r#type == "error" {
            return Err(self.problem(&answer));
        }
        let mut heard = Heard::default();
        let Some((number, _)) = &self.current else {
            return Ok(heard);
        };
        heard.owed = Owed::Rest;
        if answer.context_id.as_deref() != Some(context(*number).as_str()) {
            return Ok(heard);
        }
        match answer.r#type.as_str() {
            "chunk" => {
                let data = answer.data.as_deref().unwrap_or_default();
                heard.audio.extend(self.sound(data)?);
            }
            "timestamps" => {
                let words = answer.word_timestamps.unwrap_or_default();
                let times = words.start.iter().zip(&words.end);
                if let Some((_, piece)) = &mut self.current {
                    for (word, (start, end)) in words.words.iter().zip(times) {
                        piece.add_word(word, *start, *end);
                    }
                }
            }
            "done" => {
                self.current = None;
                self.pcm = Pcm::at(self.rate);
                heard.answers.extend(self.next());
                heard.owed = match self.current {
                    Some(_) => Owed::Piece,
                    None => Owed::Nothing,
                };
            }
            _ => {}
        }
        Ok(heard)
    }

    fn is_done(&self) -> bool {
        self.current.is_none()
    }

    fn closed(&self, code: u16, words: &str) -> ProviderError {
        closed_early(&self.provider, code, words)
    }
}

/// One message of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    r#type: String,
    context_id: Option<String>,
    /// Sound in base64.
    data: Option<String>,
    word_timestamps: Option<Words>,
    status_code: Option<u16>,
    title: Option<String>,
    message: Option<String>,
    /// Where older servers have their words.
    error: Option<String>,
}

/// Words in seconds from the beginning of their context.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Words {
    words: Vec<String>,
    start: Vec<f64>,
    end: Vec<f64>,
}
