//! A recogniser that hears words where a frame's samples are their numbers, and is lost where its
//! script says so; and a caller who speaks to it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechToText, SttEvent, SttInput, SttRequest, SttStream,
    UtteranceId,
};
use offhook_media::{Frame, SampleRate};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
/// Frames of a word.
const WORD: usize = 10;
/// A word of which as many frames were heard is understood.
const HEARD: usize = 6;

/// How a call's recognition ends.
#[derive(Debug, Clone)]
pub(crate) enum Loss {
    Never,
    /// After so many frames.
    Fail(usize, ProviderError),
    Close(usize),
    /// It takes audio and says nothing.
    Mute(usize),
    /// It takes nothing any more.
    Deaf(usize),
    /// It cannot be opened, after so many milliseconds.
    Shut(u64, ProviderError),
}

#[derive(Debug)]
struct State {
    has_interims: bool,
    losses: Mutex<VecDeque<Loss>>,
    /// For each call, the frames that it got before the first mark of an utterance, and all.
    opened: Mutex<Vec<usize>>,
}

/// The n-th call is lost as the n-th script says, later ones as the last.
#[derive(Debug, Clone)]
pub(crate) struct Listener(Arc<State>);

impl Listener {
    pub(crate) fn new(has_interims: bool, losses: &[Loss]) -> Self {
        Self(Arc::new(State {
            has_interims,
            losses: Mutex::new(losses.to_vec().into()),
            opened: Mutex::default(),
        }))
    }

    /// How many frames each call got.
    pub(crate) fn frames(&self) -> Vec<usize> {
        self.0.opened.lock().unwrap().clone()
    }
}

#[async_trait]
impl SpeechToText for Listener {
    async fn open(&self, _: SttRequest) -> Result<SttStream, ProviderError> {
        let loss = {
            let mut losses = self.0.losses.lock().unwrap();
            match losses.len() {
                1 => losses[0].clone(),
                _ => losses.pop_front().unwrap_or(Loss::Never),
            }
        };
        if let Loss::Shut(ms, problem) = &loss {
            sleep(Duration::from_millis(*ms)).await;
            return Err(problem.clone());
        }
        let (input, inputs) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let number = {
            let mut opened = self.0.opened.lock().unwrap();
            opened.push(0);
            opened.len() - 1
        };
        tokio::spawn(hear(self.0.clone(), number, loss, inputs, sender));
        Ok(SttStream { input, events })
    }
}

async fn hear(
    state: Arc<State>,
    number: usize,
    loss: Loss,
    mut inputs: mpsc::Receiver<SttInput>,
    events: mpsc::Sender<SttEvent>,
) {
    let mut words: Vec<i16> = Vec::new();
    let mut from = 0;
    let mut told = String::new();
    let mut utterance = UtteranceId(0);
    while let Some(input) = inputs.recv().await {
        let event = match input {
            SttInput::Audio(frame) => {
                words.push(frame.samples()[0]);
                state.opened.lock().unwrap()[number] += 1;
                let text = understood(&words[from..]);
                if !state.has_interims || utterance.0 == 0 || text == told || text.is_empty() {
                    None
                } else {
                    told.clone_from(&text);
                    Some(SttEvent::Interim { utterance, text })
                }
            }
            SttInput::UtteranceStarted {
                utterance: id,
                onset_ago_ms,
            } => {
                utterance = id;
                told.clear();
                from = words.len().saturating_sub(onset_ago_ms as usize / 20);
                None
            }
            SttInput::PauseSuspected { .. } => None,
            SttInput::Finalise { utterance, .. } => {
                let text = understood(&words[from..]);
                sleep(Duration::from_millis(60)).await;
                Some(SttEvent::Final { utterance, text })
            }
        };
        let event = match &loss {
            Loss::Fail(at, problem) if words.len() >= *at => {
                let _ = events.send(SttEvent::Failed(problem.clone())).await;
                return;
            }
            Loss::Close(at) if words.len() >= *at => return,
            Loss::Mute(at) if words.len() >= *at => None,
            Loss::Deaf(at) if words.len() >= *at => std::future::pending().await,
            _ => event,
        };
        if let Some(event) = event
            && events.send(event).await.is_err()
        {
            return;
        }
    }
}

/// The words of a stretch of frames.
fn understood(frames: &[i16]) -> String {
    let runs = frames.chunk_by(|left, right| left == right);
    let words = runs.filter(|run| run[0] > 0 && run.len() >= HEARD);
    words
        .map(|run| format!("w{}", run[0]))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A caller, and what was heard of them.
pub(crate) struct Caller {
    stream: SttStream,
    utterance: u32,
    next_word: i16,
    pub(crate) events: Vec<(Instant, SttEvent)>,
}

impl Caller {
    pub(crate) const fn new(stream: SttStream) -> Self {
        Self {
            stream,
            utterance: 0,
            next_word: 0,
            events: Vec::new(),
        }
    }

    async fn frame(&mut self, word: i16) {
        let frame = Frame::new(RATE, &[word; 160]).unwrap();
        // As a session does: what finds no room is lost.
        let _ = self.stream.input.try_send(SttInput::Audio(frame));
        sleep(Duration::from_millis(20)).await;
        self.take();
    }

    fn take(&mut self) {
        while let Ok(event) = self.stream.events.try_recv() {
            self.events.push((Instant::now(), event));
        }
    }

    pub(crate) async fn quiet(&mut self, ms: usize) {
        for _ in 0..ms / 20 {
            self.frame(0).await;
        }
    }

    /// Says so many words, none of them twice; gives them.
    pub(crate) async fn says(&mut self, count: usize) -> String {
        let first = self.next_word + 1;
        self.utterance += 1;
        let utterance = UtteranceId(self.utterance);
        let mut is_told = false;
        for _ in 0..count {
            self.next_word += 1;
            for part in 0..WORD {
                self.frame(self.next_word).await;
                if part == 4 && !std::mem::replace(&mut is_told, true) {
                    let started = SttInput::UtteranceStarted {
                        utterance,
                        onset_ago_ms: 100,
                    };
                    let _ = self.stream.input.try_send(started);
                }
            }
        }
        self.quiet(200).await;
        let _ = self.stream.input.try_send(SttInput::Finalise {
            utterance,
            silence_ms: 0,
        });
        let words = (first..=self.next_word).map(|word| format!("w{word}"));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The settled texts of the last utterance, and when the first came after now; waits so long.
    pub(crate) async fn settled(&mut self, ms: usize) -> (Vec<String>, Option<Duration>) {
        let start = Instant::now();
        self.quiet(ms).await;
        let mut came = None;
        let mut texts = Vec::new();
        for (at, event) in &self.events {
            if let SttEvent::Final { utterance, text } = event
                && utterance.0 == self.utterance
            {
                came.get_or_insert(at.saturating_duration_since(start));
                texts.push(text.clone());
            }
        }
        (texts, came)
    }

    pub(crate) fn failure(&self) -> Option<&ProviderError> {
        self.events.iter().find_map(|(_, event)| match event {
            SttEvent::Failed(problem) => Some(problem),
            SttEvent::Interim { .. } | SttEvent::Settled { .. } | SttEvent::Final { .. } => None,
        })
    }
}
