//! A turn detector that goes by loudness: a test's caller speaks by sending loud frames.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use offhook_media::{FRAME_DURATION, Frame};
use tokio::sync::mpsc;

use super::Requests;
use crate::{
    DetectorEvent, DetectorRequest, DetectorStream, EVENT_QUEUE, ProviderError, TurnDetector,
};

/// A frame is speech where any sample is at least this loud.
const LOUD: i16 = 1_000;

/// Loud frames that make an onset, and quiet frames that make a pause.
const ONSET_FRAMES: u32 = 3;
const PAUSE_FRAMES: u32 = 5;

/// A detector by loudness. Each pause is judged with the next likelihood of the script, and with
/// 0.99 once the script has run out.
#[derive(Debug, Clone, Default)]
pub struct ScriptedDetector {
    likelihoods: Arc<Mutex<VecDeque<f32>>>,
    requests: Requests<DetectorRequest>,
}

impl ScriptedDetector {
    /// A detector that judges the pauses of all its calls with these likelihoods, in order.
    #[must_use]
    pub fn with_likelihoods(likelihoods: &[f32]) -> Self {
        Self {
            likelihoods: Arc::new(Mutex::new(likelihoods.iter().copied().collect())),
            requests: Requests::default(),
        }
    }

    /// What each call wanted detected.
    #[must_use]
    pub const fn requests(&self) -> &Requests<DetectorRequest> {
        &self.requests
    }
}

#[async_trait]
impl TurnDetector for ScriptedDetector {
    async fn open(&self, request: DetectorRequest) -> Result<DetectorStream, ProviderError> {
        self.requests.note(request);
        let (audio, frames) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(listen(frames, sender, Arc::clone(&self.likelihoods)));
        Ok(DetectorStream { audio, events })
    }
}

async fn listen(
    mut frames: mpsc::Receiver<Frame>,
    events: mpsc::Sender<DetectorEvent>,
    likelihoods: Arc<Mutex<VecDeque<f32>>>,
) {
    let (mut heard, mut is_speech, mut run) = (0_u32, false, 0_u32);
    while let Some(frame) = frames.recv().await {
        heard += 1;
        let is_loud = frame
            .samples()
            .iter()
            .any(|sample| sample.unsigned_abs() >= LOUD as u16);
        run = if is_loud == is_speech { 0 } else { run + 1 };
        let needed = if is_speech {
            PAUSE_FRAMES
        } else {
            ONSET_FRAMES
        };
        if run < needed {
            continue;
        }
        let (edge, at) = (FRAME_DURATION * (heard - run), FRAME_DURATION * heard);
        is_speech = !is_speech;
        run = 0;
        let news = if is_speech {
            vec![DetectorEvent::SpeechStarted { onset: edge, at }]
        } else {
            vec![
                DetectorEvent::SpeechStopped { end: edge, at },
                DetectorEvent::EndOfTurn {
                    likelihood: next(&likelihoods),
                    end: edge,
                },
            ]
        };
        for event in news {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}

fn next(likelihoods: &Mutex<VecDeque<f32>>) -> f32 {
    likelihoods
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
        .unwrap_or(0.99)
}
