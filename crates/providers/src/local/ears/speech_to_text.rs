//! Speech recognition of the contract, by Moonshine in this process.
//!
//! Each call is a task on a listening thread: it gathers audio, asks for passes and sends what
//! they gave. What to recognise when is decided in `recognition`.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechToText, SttEvent, SttInput, SttRequest, SttStream,
};
use offhook_media::Frame;
use tokio::sync::{mpsc, oneshot};

use super::inference_pool::{InferencePool, Urgency};
use super::moonshine::{Moonshine, PROVIDER, Transcription};
use super::recognition::{Pass, PassKind, Recognition};
use super::wideband::Wideband;

/// English recognition with interim results. One value serves many calls.
#[derive(Debug, Clone)]
pub struct LocalSpeechToText {
    model: Arc<Moonshine>,
    pool: Arc<InferencePool>,
}

impl LocalSpeechToText {
    pub(super) fn new(model: Arc<Moonshine>, pool: Arc<InferencePool>) -> Self {
        Self { model, pool }
    }
}

#[async_trait]
impl SpeechToText for LocalSpeechToText {
    /// # Errors
    /// [`ProviderError::Rejected`] for any language but English.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let language = request.language.to_ascii_lowercase();
        if language != "en" && !language.starts_with("en-") {
            return Err(ProviderError::Rejected {
                provider: PROVIDER.to_owned(),
                problem: format!(
                    "language `{}` is not known, the embedded model hears English only: set `en`, or choose another recogniser",
                    request.language
                ),
            });
        }
        let (input, inputs) = mpsc::channel(EVENT_QUEUE);
        let (events, received) = mpsc::channel(EVENT_QUEUE);
        let call = RecognisedCall {
            model: Arc::clone(&self.model),
            pool: Arc::clone(&self.pool),
            events,
            wideband: Wideband::new(request.rate),
            recognition: Recognition::new(),
            running: None,
        };
        self.pool.listen(call.run(inputs));
        Ok(SttStream {
            input,
            events: received,
        })
    }
}

struct RecognisedCall {
    model: Arc<Moonshine>,
    pool: Arc<InferencePool>,
    events: mpsc::Sender<SttEvent>,
    wideband: Wideband,
    recognition: Recognition,
    running: Option<RunningPass>,
}

type Answer = Result<Option<Transcription>, ProviderError>;

struct RunningPass {
    pass: Arc<Pass>,
    is_abandoned: Arc<AtomicBool>,
    answer: oneshot::Receiver<Answer>,
}

/// The other end is gone: the call is over.
struct CallOver;

#[expect(
    clippy::large_enum_variant,
    reason = "a frame lies inside the value, so that passing it on allocates nothing"
)]
enum Step {
    Input(Option<SttInput>),
    Answer(Answer),
}

impl RecognisedCall {
    async fn run(mut self, mut inputs: mpsc::Receiver<SttInput>) {
        let mut is_input_open = true;
        loop {
            if self.begin_pass().await.is_err() {
                return;
            }
            if !is_input_open && self.running.is_none() {
                return;
            }
            let step = tokio::select! {
                biased;
                answer = answer_of(&mut self.running) => Step::Answer(answer),
                input = inputs.recv(), if is_input_open => Step::Input(input),
            };
            let done = match step {
                Step::Answer(answer) => self.take_answer(answer).await,
                Step::Input(Some(input)) => self.take_input(input).await,
                Step::Input(None) => {
                    is_input_open = false;
                    Ok(())
                }
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// Starts the next pass if none runs.
    async fn begin_pass(&mut self) -> Result<(), CallOver> {
        while self.running.is_none() {
            let Some(pass) = self.recognition.next_pass() else {
                return Ok(());
            };
            let urgency = match pass.kind {
                PassKind::Interim => Urgency::Optional,
                PassKind::Pause | PassKind::Segment | PassKind::Final => Urgency::Owed,
            };
            let pass = Arc::new(pass);
            let is_abandoned = Arc::new(AtomicBool::new(false));
            let (model, work, flag) = (
                Arc::clone(&self.model),
                Arc::clone(&pass),
                Arc::clone(&is_abandoned),
            );
            let submitted = self.pool.submit(urgency, move || {
                model.transcribe(&work.samples, &work.draft, &|| flag.load(Ordering::Relaxed))
            });
            match submitted {
                Ok(answer) => {
                    self.running = Some(RunningPass {
                        pass,
                        is_abandoned,
                        answer,
                    });
                }
                Err(busy) => {
                    if urgency == Urgency::Owed {
                        tracing::warn!("an utterance is settled without a pass: {busy}");
                    }
                    if let Some(event) = self.recognition.answer(&pass, None) {
                        self.send(event).await?;
                    }
                    // An interim pass is tried again when more was heard.
                    if urgency == Urgency::Optional {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn take_input(&mut self, input: SttInput) -> Result<(), CallOver> {
        match input {
            SttInput::Audio(frame) => self.hear(&frame).await?,
            SttInput::UtteranceStarted {
                utterance,
                onset_ago_ms,
            } => {
                self.recognition.start(utterance, onset_ago_ms);
                self.abandon_interim();
            }
            SttInput::PauseSuspected { utterance } => {
                self.recognition.suspect_pause(utterance);
                self.abandon_interim();
            }
            SttInput::Finalise { utterance, .. } => {
                if let Some(event) = self.recognition.finalise(utterance) {
                    self.send(event).await?;
                }
            }
        }
        if self.recognition.is_pass_owed() {
            self.abandon_interim();
        }
        Ok(())
    }

    async fn hear(&mut self, frame: &Frame) -> Result<(), CallOver> {
        if frame.rate() != self.wideband.rate() {
            let problem = format!(
                "a frame at {} came in a call at {}: send all frames at the rate that was opened",
                frame.rate(),
                self.wideband.rate()
            );
            let error = ProviderError::Rejected {
                provider: PROVIDER.to_owned(),
                problem,
            };
            return self.fail(error).await;
        }
        self.recognition.hear(self.wideband.push(frame));
        Ok(())
    }

    fn abandon_interim(&self) {
        if let Some(running) = &self.running
            && running.pass.kind == PassKind::Interim
        {
            running.is_abandoned.store(true, Ordering::Relaxed);
        }
    }

    async fn take_answer(&mut self, answer: Answer) -> Result<(), CallOver> {
        let Some(running) = self.running.take() else {
            return Ok(());
        };
        match answer {
            Ok(answer) => match self.recognition.answer(&running.pass, answer) {
                Some(event) => self.send(event).await,
                None => Ok(()),
            },
            Err(error) => self.fail(error).await,
        }
    }

    async fn fail(&mut self, error: ProviderError) -> Result<(), CallOver> {
        // Nobody may be listening any more, and the call's recognition is over either way.
        let _ = self.events.send(SttEvent::Failed(error)).await;
        Err(CallOver)
    }

    /// Interim results are dropped where the call does not take them in time; all else waits.
    async fn send(&mut self, event: SttEvent) -> Result<(), CallOver> {
        if matches!(event, SttEvent::Interim { .. }) {
            return match self.events.try_send(event) {
                Err(mpsc::error::TrySendError::Closed(_)) => Err(CallOver),
                Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
            };
        }
        self.events.send(event).await.map_err(|_| CallOver)
    }
}

async fn answer_of(running: &mut Option<RunningPass>) -> Answer {
    match running {
        None => pending().await,
        Some(running) => (&mut running.answer).await.unwrap_or_else(|_| {
            Err(ProviderError::Unavailable {
                provider: PROVIDER.to_owned(),
                problem: "a pass panicked; see the log".to_owned(),
            })
        }),
    }
}
