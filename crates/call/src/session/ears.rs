//! The hearing side of a session: caller audio, without the agent's own voice in it, to the
//! detector and to recognition, and their events to facts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook_agent::HearingSettings;
use offhook_contract::{
    DetectorEvent, DetectorRequest, DetectorStream, ProviderError, SpeechToText, SttEvent,
    SttInput, SttRequest, SttStream, TurnDetector,
};
use offhook_media::{EchoGuard, FRAME_DURATION, Frame, SampleRate};
use offhook_turn_taking::{Fact, UtteranceId};

use super::Providers;
use crate::Persona;

/// Utterances of which it can still be told whose voice they are.
const BEGUN_MAX: usize = 8;

/// What the ears learnt: facts for the turn manager, or trouble.
#[derive(Debug)]
pub(super) enum Heard {
    /// Hand it to the turn manager.
    Fact(Fact),
    /// A stage is gone for good.
    Trouble(ProviderError),
    /// Nothing that matters.
    Nothing,
}

/// With what a caller is heard, and how.
pub(super) struct Hearing {
    pub(super) detector: Arc<dyn TurnDetector>,
    pub(super) recognition: Arc<dyn SpeechToText>,
    pub(super) request: SttRequest,
    pub(super) settings: HearingSettings,
    /// Whether the detector judges where turns end.
    pub(super) judges_turns: bool,
}

impl Hearing {
    /// As the agent of `persona` hears a leg at `rate`.
    pub(super) fn of(persona: &Persona, providers: &Providers, rate: SampleRate) -> Self {
        Self {
            detector: providers.detector.clone(),
            recognition: providers.recognition.clone(),
            request: persona.listening(rate),
            settings: persona.agent().hearing(),
            judges_turns: persona.agent().turn_policy().weighs_likelihood(),
        }
    }

    /// Whether the other hears the same.
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.detector, &other.detector)
            && Arc::ptr_eq(&self.recognition, &other.recognition)
            && self.request == other.request
            && self.settings == other.settings
            && self.judges_turns == other.judges_turns
    }
}

/// The detector and the recogniser of one call.
pub(super) struct Ears {
    hearing: Hearing,
    pub(super) detector: DetectorStream,
    pub(super) recognition: SttStream,
    guard: EchoGuard,
    /// Audio handed to the detector so far: the clock that its positions count by.
    judged: Duration,
    utterance: UtteranceId,
    is_speaking: bool,
    /// The voice has gone quiet, and speech has not ended so far.
    is_quiet: bool,
    /// Recognition has settled all that it told of the utterance, and heard a pause after it.
    is_settled: bool,
    /// The newest utterances, and where the first sound of each is.
    begun: VecDeque<(UtteranceId, Duration)>,
    /// The last pause: which utterance it followed and where its last sound is.
    paused: Option<(UtteranceId, Duration)>,
    /// Marks that recognition had no room for yet; they keep their order before later audio.
    marks: VecDeque<SttInput>,
    dropped_frames: u64,
}

impl Ears {
    pub(super) async fn open(hearing: Hearing) -> Result<Self, ProviderError> {
        let rate = hearing.request.rate;
        let detection = DetectorRequest {
            rate,
            denoising: hearing.settings.denoising,
            judges_turns: hearing.judges_turns,
        };
        let request = hearing.request.clone();
        let (detector, recognition) = tokio::try_join!(
            hearing.detector.open(detection),
            hearing.recognition.open(request)
        )?;
        Ok(Self {
            detector,
            recognition,
            guard: EchoGuard::new(rate, hearing.settings.echo_cancellation),
            hearing,
            judged: Duration::ZERO,
            utterance: UtteranceId(0),
            is_speaking: false,
            is_quiet: false,
            is_settled: false,
            begun: VecDeque::with_capacity(BEGUN_MAX),
            paused: None,
            marks: VecDeque::with_capacity(8),
            dropped_frames: 0,
        })
    }

    /// Whether they hear as it is wanted.
    pub(super) fn hears(&self, hearing: &Hearing) -> bool {
        self.hearing.is_same(hearing)
    }

    /// Keeps ears open that nobody listens with so far.
    pub(super) fn wait(&mut self) {
        let silence = Frame::silence(self.hearing.request.rate);
        self.hear(&silence, &silence);
        while self.detector.events.try_recv().is_ok() {}
        while self.recognition.events.try_recv().is_ok() {}
    }

    /// Takes the place of others, whose utterances are over.
    pub(super) fn succeed(&mut self, others: Self) {
        self.utterance = others.utterance;
        self.dropped_frames += others.dropped_frames;
        if self.hearing.settings == others.hearing.settings {
            self.guard = others.guard;
        }
    }

    /// Frames that a stage had no room for.
    pub(super) fn dropped_frames(&self) -> u64 {
        self.dropped_frames
    }

    /// Whether the sound of the line showed the agent's own voice.
    pub(super) fn has_echo(&self) -> bool {
        self.guard.has_echo()
    }

    /// Passes one caller frame on, without what of `played` comes back in it. A stage that has
    /// fallen 1.2 s behind loses the frame.
    pub(super) fn hear(&mut self, caller: &Frame, played: &Frame) {
        let frame = self.guard.process(played, caller);
        if self.detector.audio.try_send(frame).is_ok() {
            self.judged += FRAME_DURATION;
        } else {
            self.dropped_frames += 1;
        }
        self.send_marks();
        if !self.marks.is_empty()
            || self
                .recognition
                .input
                .try_send(SttInput::Audio(frame))
                .is_err()
        {
            self.dropped_frames += 1;
        }
    }

    /// Tells recognition to settle an utterance.
    pub(super) fn finalise(&mut self, utterance: UtteranceId) {
        let end = self.paused.filter(|(paused, _)| *paused == utterance);
        let silence = end.map_or(Duration::ZERO, |(_, end)| self.judged.saturating_sub(end));
        self.mark(SttInput::Finalise {
            utterance,
            silence_ms: u32::try_from(silence.as_millis()).unwrap_or(u32::MAX),
        });
    }

    pub(super) fn detected(&mut self, event: Option<DetectorEvent>) -> Heard {
        match event {
            Some(DetectorEvent::Quiet { .. }) => {
                self.suspect_pause();
                self.is_quiet = true;
                self.paused()
            }
            Some(DetectorEvent::WentOn { .. }) => {
                self.is_quiet = false;
                Heard::Nothing
            }
            Some(DetectorEvent::SpeechStarted { onset, .. }) => {
                self.utterance = self.utterance.next();
                self.is_speaking = true;
                self.is_quiet = false;
                self.is_settled = false;
                self.begun.truncate(BEGUN_MAX - 1);
                self.begun.push_front((self.utterance, onset));
                let onset_ago = self.judged.saturating_sub(onset);
                self.mark(SttInput::UtteranceStarted {
                    utterance: self.utterance,
                    onset_ago_ms: u32::try_from(onset_ago.as_millis()).unwrap_or(u32::MAX),
                });
                Heard::Fact(Fact::SpeechStarted {
                    utterance: self.utterance,
                    onset_ago,
                })
            }
            Some(DetectorEvent::SpeechStopped { end, .. }) => {
                self.paused = Some((self.utterance, end));
                self.is_speaking = false;
                let silence = self.judged.saturating_sub(end);
                Heard::Fact(Fact::SpeechStopped {
                    utterance: self.utterance,
                    silence,
                })
            }
            Some(DetectorEvent::EndOfTurn { likelihood, end }) => match self.paused {
                Some((utterance, judged)) if judged == end => {
                    Heard::Fact(Fact::EndOfTurnLikelihood {
                        utterance,
                        likelihood,
                    })
                }
                _ => Heard::Nothing,
            },
            Some(DetectorEvent::Voice {
                onset,
                likeness,
                is_caller,
            }) => match self.begun.iter().find(|(_, begun)| *begun == onset) {
                Some((utterance, _)) => Heard::Fact(Fact::VoiceJudged {
                    utterance: *utterance,
                    likeness,
                    is_caller,
                }),
                None => Heard::Nothing,
            },
            Some(DetectorEvent::Failed(problem)) => Heard::Trouble(problem),
            None => Heard::Trouble(closed("turn detector")),
        }
    }

    pub(super) fn recognised(&mut self, event: Option<SttEvent>) -> Heard {
        match event {
            Some(SttEvent::Interim { utterance, text }) => {
                self.is_settled = false;
                Heard::Fact(Fact::TranscriptInterim { utterance, text })
            }
            Some(SttEvent::Settled { utterance }) => {
                self.is_settled = utterance == self.utterance;
                self.paused()
            }
            Some(SttEvent::Final { utterance, text }) => {
                Heard::Fact(Fact::TranscriptFinal { utterance, text })
            }
            Some(SttEvent::Failed(problem)) => Heard::Trouble(problem),
            None => Heard::Trouble(closed("speech recognition")),
        }
    }

    /// Where the voice has gone quiet after words that are settled, they may be all.
    fn paused(&self) -> Heard {
        match self.is_speaking && self.is_quiet && self.is_settled {
            true => Heard::Fact(Fact::TranscriptSettled {
                utterance: self.utterance,
            }),
            false => Heard::Nothing,
        }
    }

    /// Lets recognition look at what was said as soon as the voice goes quiet, before it is certain
    /// that it stays so.
    fn suspect_pause(&mut self) {
        if self.is_speaking {
            self.mark(SttInput::PauseSuspected {
                utterance: self.utterance,
            });
        }
    }

    fn mark(&mut self, mark: SttInput) {
        self.marks.push_back(mark);
        self.send_marks();
    }

    fn send_marks(&mut self) {
        while let Some(mark) = self.marks.pop_front() {
            if let Err(refused) = self.recognition.input.try_send(mark) {
                self.marks.push_front(refused.into_inner());
                return;
            }
        }
    }
}

fn closed(stage: &str) -> ProviderError {
    ProviderError::Unavailable {
        provider: stage.to_owned(),
        problem: "its stream ended while the call was up".into(),
    }
}
