//! Recognition that hears what a script says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::Requests;
use crate::{EVENT_QUEUE, ProviderError, SpeechToText, SttEvent, SttInput, SttRequest, SttStream};

/// What is recognised of one utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedUtterance {
    /// Interim results, each at its time after the onset was reported.
    pub interims: Vec<(Duration, String)>,
    /// The settled text.
    pub text: String,
    /// From the order to settle to the settled text.
    pub settles_after: Duration,
}

impl ScriptedUtterance {
    /// An utterance without interim results, settled after 60 ms.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            interims: Vec::new(),
            text: text.to_owned(),
            settles_after: Duration::from_millis(60),
        }
    }

    /// Adds an interim result `after` the onset was reported.
    #[must_use]
    pub fn interim(mut self, after: Duration, text: &str) -> Self {
        self.interims.push((after, text.to_owned()));
        self
    }
}

/// Recognition by script: the n-th utterance is heard as the n-th entry, later ones as nothing.
#[derive(Debug, Clone, Default)]
pub struct ScriptedRecognition {
    utterances: Arc<Mutex<VecDeque<ScriptedUtterance>>>,
    requests: Requests<SttRequest>,
}

impl ScriptedRecognition {
    /// Recognition that hears these utterances, over all its calls.
    #[must_use]
    pub fn new(utterances: Vec<ScriptedUtterance>) -> Self {
        Self {
            utterances: Arc::new(Mutex::new(utterances.into())),
            requests: Requests::default(),
        }
    }

    /// What each call wanted recognised.
    #[must_use]
    pub const fn requests(&self) -> &Requests<SttRequest> {
        &self.requests
    }
}

#[async_trait]
impl SpeechToText for ScriptedRecognition {
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        self.requests.note(request);
        let (input, inputs) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(hear(inputs, sender, Arc::clone(&self.utterances)));
        Ok(SttStream { input, events })
    }
}

async fn hear(
    mut inputs: mpsc::Receiver<SttInput>,
    events: mpsc::Sender<SttEvent>,
    script: Arc<Mutex<VecDeque<ScriptedUtterance>>>,
) {
    let mut current = ScriptedUtterance::new("");
    while let Some(input) = inputs.recv().await {
        match input {
            SttInput::Audio(_) | SttInput::PauseSuspected { .. } => {}
            SttInput::UtteranceStarted { utterance, .. } => {
                let next = script
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                current = next.unwrap_or_else(|| ScriptedUtterance::new(""));
                for (after, text) in current.interims.clone() {
                    say_later(&events, after, SttEvent::Interim { utterance, text });
                }
            }
            SttInput::Finalise { utterance, .. } => {
                let text = current.text.clone();
                say_later(
                    &events,
                    current.settles_after,
                    SttEvent::Final { utterance, text },
                );
            }
        }
    }
}

fn say_later(events: &mpsc::Sender<SttEvent>, after: Duration, event: SttEvent) {
    let events = events.clone();
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        // The call may have ended meanwhile.
        let _ = events.send(event).await;
    });
}
