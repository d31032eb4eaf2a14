//! A voice that speaks each word for 200 ms, as samples that tell which word of the reply it is and
//! who says it, and goes wrong where its script says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextSpan, TextToSpeech, VoiceCapabilities, WordTime,
};
use offhook_media::SampleRate;
use tokio::sync::mpsc;
use tokio::time::sleep;

pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
pub(crate) const WORD_MS: usize = 200;
/// Samples of a millisecond.
const MS: usize = 8;
/// Length of one stretch of sound, and how long it takes to be made.
const PART_MS: usize = 50;
const MADE_EVERY: Duration = Duration::from_millis(10);
/// Who says it is in the thousands of a sample, which word in the rest.
const SPEAKER: i16 = 1_000;

/// How a reply ends.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// As it should.
    Well,
    /// After so many milliseconds of sound.
    Fail(usize, ProviderError),
    Close(usize),
    Stall(usize),
    /// Everything after is silence.
    Silence(usize),
    /// It takes what comes after for said.
    Skip(usize),
}

#[derive(Debug)]
struct State {
    number: i16,
    has_words: bool,
    fails_to_open: Option<ProviderError>,
    ends: Mutex<VecDeque<End>>,
    asked: Mutex<Vec<SpeechRequest>>,
    texts: Mutex<Vec<String>>,
}

/// The n-th reply ends as the n-th script says, later ones as the last does.
#[derive(Debug, Clone)]
pub(crate) struct Speaker(Arc<State>);

impl Speaker {
    pub(crate) fn new(number: i16, has_words: bool, ends: &[End]) -> Self {
        Self(Arc::new(State {
            number,
            has_words,
            fails_to_open: None,
            ends: Mutex::new(ends.to_vec().into()),
            asked: Mutex::default(),
            texts: Mutex::default(),
        }))
    }

    pub(crate) fn closed(number: i16, problem: ProviderError) -> Self {
        Self(Arc::new(State {
            number,
            has_words: false,
            fails_to_open: Some(problem),
            ends: Mutex::default(),
            asked: Mutex::default(),
            texts: Mutex::default(),
        }))
    }

    pub(crate) fn asked(&self) -> Vec<SpeechRequest> {
        self.0.asked.lock().unwrap().clone()
    }

    /// The pieces that it was given.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.texts.lock().unwrap().clone()
    }
}

#[async_trait]
impl TextToSpeech for Speaker {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: vec![format!("voice-{}", self.0.number)],
            has_native_speed: self.0.number == 1,
            rate: RATE,
        }
    }

    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        self.0.asked.lock().unwrap().push(request);
        if let Some(problem) = self.0.fails_to_open.clone() {
            return Err(problem);
        }
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let mut ends = self.0.ends.lock().unwrap();
        let end = match ends.len() {
            1 => ends.front().cloned(),
            _ => ends.pop_front(),
        };
        let state = self.0.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = speak(&state, end.unwrap_or(End::Well), texts, &sender) => {}
            }
        });
        Ok(SpeechStream { text, events })
    }
}

async fn speak(
    state: &State,
    end: End,
    mut texts: mpsc::Receiver<SpokenText>,
    events: &mpsc::Sender<SpeechEvent>,
) {
    let mut made = 0;
    while let Some(piece) = texts.recv().await {
        state.texts.lock().unwrap().push(piece.text.clone());
        sleep(Duration::from_millis(80)).await;
        let words = words(&piece);
        for at in (0..words.len() * WORD_MS).step_by(PART_MS) {
            sleep(MADE_EVERY).await;
            let mut samples: Vec<i16> = Vec::with_capacity(PART_MS * MS);
            for ms in at..at + PART_MS {
                let word = words[ms / WORD_MS].start;
                samples.extend([state.number * SPEAKER + 100 + word as i16; MS]);
            }
            match &end {
                End::Fail(limit, problem) if made >= *limit => {
                    let _ = events.send(SpeechEvent::Failed(problem.clone())).await;
                    return;
                }
                End::Close(limit) if made >= *limit => return,
                End::Stall(limit) if made >= *limit => std::future::pending().await,
                End::Silence(limit) if made >= *limit => samples.fill(0),
                End::Skip(limit) if made >= *limit => continue,
                _ => {}
            }
            made += PART_MS;
            let starts = at % WORD_MS == 0 && state.has_words;
            let word = WordTime {
                span: words[at / WORD_MS],
                start: Duration::ZERO,
                end: Duration::from_millis(WORD_MS as u64),
            };
            let audio = SpeechAudio {
                samples,
                rate: RATE,
                span: piece.span,
                words: starts.then_some(word).into_iter().collect(),
            };
            let _ = events.send(SpeechEvent::Audio(audio)).await;
        }
    }
}

fn words(piece: &SpokenText) -> Vec<TextSpan> {
    let mut from = piece.span.start;
    let mut words = Vec::new();
    for word in piece.text.split(' ') {
        words.push(TextSpan {
            start: from,
            end: from + word.len(),
        });
        from += word.len() + 1;
    }
    words
}

/// What was heard: who said which word of `text`, and how much of it.
pub(crate) fn heard(samples: &[i16], text: &str) -> Vec<(i16, String, usize)> {
    let mut runs: Vec<(i16, usize)> = Vec::new();
    for sample in samples {
        match runs.last_mut() {
            Some((last, count)) if last == sample => *count += 1,
            _ => runs.push((*sample, 1)),
        }
    }
    let word = |(sample, count): (i16, usize)| {
        let at = (sample % SPEAKER - 100).max(0) as usize;
        let word = text[at..].split(' ').next().unwrap_or_default();
        (sample / SPEAKER, word.to_owned(), count / MS)
    };
    runs.into_iter().map(word).collect()
}
