//! The looks at the voice that a call's detection takes on the inference threads. When one is due,
//! and what follows, `voice_watch` says.

use std::future::pending;
use std::sync::Arc;

use offhook_contract::{DetectorEvent, ProviderError};
use tokio::sync::oneshot;

use super::super::inference_pool::Urgency;
use super::super::voice_print::VoiceSample;
use super::super::voice_watch::{Attribution, Look};
use super::{CallOver, DetectedCall, panicked};

pub(super) struct PendingLook {
    look: Look,
    answer: oneshot::Receiver<Result<Option<VoiceSample>, ProviderError>>,
}

impl DetectedCall {
    /// Asks whose voice is heard, where a thread has time for it.
    pub(super) async fn look_at_voice(&mut self) -> Result<(), CallOver> {
        let judged = self.gate.judged();
        let Some(voices) = &mut self.voices else {
            return Ok(());
        };
        if let Some(look) = voices.due(judged).filter(|_| self.look.is_none()) {
            let mut samples = self.history.since(look.range.start);
            samples.truncate(usize::try_from(look.range.end - look.range.start).unwrap_or(0));
            let printer = Arc::clone(&self.detector.printer);
            let pool = &self.detector.pool;
            if let Ok(answer) = pool.submit(Urgency::Optional, move || printer.sample(&samples)) {
                voices.took(&look);
                self.look = Some(PendingLook { look, answer });
            }
        }
        match voices.wait(judged) {
            Some(news) => self.attribute(news).await,
            None => Ok(()),
        }
    }

    pub(super) async fn take_look(
        &mut self,
        answer: Result<Option<VoiceSample>, ProviderError>,
    ) -> Result<(), CallOver> {
        let (Some(pending), Some(voices)) = (self.look.take(), &mut self.voices) else {
            return Ok(());
        };
        let sample = match answer {
            Ok(sample) => sample,
            Err(error) => {
                // The call does without.
                tracing::warn!(%error, "voices are not told apart any more");
                self.voices = None;
                return Ok(());
            }
        };
        match sample.and_then(|sample| voices.take(&pending.look, sample)) {
            Some(news) => self.attribute(news).await,
            None => Ok(()),
        }
    }

    pub(super) async fn attribute(&mut self, news: Attribution) -> Result<(), CallOver> {
        let event = DetectorEvent::Voice {
            onset: self.position(news.onset),
            likeness: news.likeness,
            is_caller: news.is_caller,
        };
        self.send(event).await
    }
}

pub(super) async fn sample_of(
    look: &mut Option<PendingLook>,
) -> Result<Option<VoiceSample>, ProviderError> {
    match look {
        None => pending().await,
        Some(look) => (&mut look.answer).await.unwrap_or_else(|_| Err(panicked())),
    }
}
