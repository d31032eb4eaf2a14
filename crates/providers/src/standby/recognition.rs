//! Recognisers, of which one hears each call.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use offhook_contract::{EVENT_QUEUE, ProviderError, SpeechToText, SttRequest, SttStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::StandbyLimits;
use super::lineup::{Lineup, tried_aside};
use super::listening::Listening;
use crate::hosted::too_slow;

/// Recognisers, the first of which hears each call unless it fails; then the next hears what was not
/// settled once more, and goes on. One value serves many calls, and what one call finds out about a
/// recogniser all others know.
///
/// Clients that connect again by themselves do so first. Here a recogniser is left where it says
/// that it is gone, where it does not settle an utterance in time, and where it is silent though the
/// caller speaks and it usually tells what it hears while it hears it.
#[derive(Clone)]
pub struct StandbyRecognition {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) lineup: Arc<Lineup<dyn SpeechToText>>,
    pub(super) limits: StandbyLimits,
    /// Which of them have told anything before an utterance was settled.
    tells_at_once: Vec<AtomicBool>,
}

impl StandbyRecognition {
    /// `recognisers` in the order in which they are asked. An empty list fails whatever it is asked.
    #[must_use]
    pub fn new(recognisers: Vec<Arc<dyn SpeechToText>>, limits: StandbyLimits) -> Self {
        let tells_at_once = recognisers.iter().map(|_| AtomicBool::new(false)).collect();
        let lineup = Arc::new(Lineup::new(recognisers, &limits));
        Self {
            shared: Arc::new(Shared {
                lineup,
                limits,
                tells_at_once,
            }),
        }
    }
}

impl fmt::Debug for StandbyRecognition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.shared.lineup.len();
        write!(formatter, "StandbyRecognition({count} recognisers)")
    }
}

#[async_trait]
impl SpeechToText for StandbyRecognition {
    /// Opens the first that can be had.
    ///
    /// # Errors
    /// The [`ProviderError`] of the first, where none can be had.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let shared = &self.shared;
        let mut queue = shared.lineup.queue();
        if let Some(due) = queue.due {
            let (aside, asked) = (shared.clone(), request.clone());
            let trial = async move { aside.opened(due, asked).await.ok().map(drop) };
            tried_aside(&shared.lineup, due, shared.limits.open_recognition, trial);
        }
        while let Some(next) = queue.next() {
            sleep(next.after).await;
            let asked_at = Instant::now();
            let opened = shared.opened(next.place, request.clone()).await;
            match opened {
                Ok(stream) => {
                    if let Some(health) = shared.lineup.health(next.place) {
                        health.succeeded(asked_at.elapsed());
                    }
                    let (input, inputs) = mpsc::channel(EVENT_QUEUE);
                    let (sender, events) = mpsc::channel(EVENT_QUEUE);
                    let listening = Listening::new(shared.clone(), request, sender, queue);
                    tokio::spawn(listening.run(next.place, stream, inputs));
                    return Ok(SttStream { input, events });
                }
                Err(problem) => {
                    tracing::warn!("recogniser {} cannot be opened: {problem}", next.place + 1);
                    if let Some(health) = shared.lineup.health(next.place) {
                        health.failed();
                    }
                    queue.failed(next.place, problem);
                }
            }
        }
        Err(queue.into_problem())
    }
}

impl Shared {
    pub(super) async fn opened(
        &self,
        place: usize,
        request: SttRequest,
    ) -> Result<SttStream, ProviderError> {
        let Some(recogniser) = self.lineup.provider(place) else {
            return Err(super::lineup::Queue::default().into_problem());
        };
        let limit = self.limits.open_recognition;
        let opened = timeout(limit, recogniser.open(request)).await;
        opened.map_err(|_| too_slow("recogniser", limit))?
    }

    pub(super) fn tells_at_once(&self, place: usize) -> bool {
        let known = self.tells_at_once.get(place);
        known.is_some_and(|it| it.load(Ordering::Relaxed))
    }

    pub(super) fn told_at_once(&self, place: usize) {
        if let Some(known) = self.tells_at_once.get(place) {
            known.store(true, Ordering::Relaxed);
        }
    }
}
