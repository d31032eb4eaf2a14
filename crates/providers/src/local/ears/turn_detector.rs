//! Voice activity and end of turn of the contract, by Silero and Smart Turn in this process.
//!
//! Each call is a task on a listening thread. Voice activity is judged there, window by window;
//! how finished the caller sounds is judged on an inference thread at the beginning of each
//! silence, and again if the silence lasts.

mod voice_look;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    DetectorEvent, DetectorRequest, DetectorStream, EVENT_QUEUE, ProviderError, TurnDetector,
};
use offhook_media::{Denoising, Frame};
use tokio::sync::{mpsc, oneshot};

use super::audio_history::AudioHistory;
use super::fading::Fading;
use super::foreground::Foreground;
use super::inference_pool::{InferencePool, Urgency};
use super::second_opinion::SecondOpinion;
use super::smart_turn::{SMART_TURN_SAMPLES, SmartTurn};
use super::stillness::Stillness;
use super::vad::{SileroMemory, SileroModel, SpeechEdge, SpeechGate, SpeechGatePolicy, VAD_WINDOW};
use super::voice_print::VoicePrinter;
use super::voice_watch::VoiceWatch;
use super::wideband::{WIDEBAND, Wideband};
use crate::local::denoise::Denoiser;
use voice_look::{PendingLook, sample_of};

const PROVIDER: &str = "turn detector";
/// Frames that wait where the thread is overloaded: 200 ms.
const LATE_FRAMES: usize = 10;
/// Audio before the turn that is judged with it: 0.5 s.
const TURN_PRE_ROLL: u64 = 8_000;

/// What a call's detection goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TurnDetectorPolicy {
    /// When speech begins and ends.
    pub gate: SpeechGatePolicy,
    /// Speech after a pause no longer than this belongs to the same turn, and is judged with it.
    pub same_turn_pause_ms: u32,
    /// After this much silence in all the turn is judged a second time.
    pub judge_again_ms: u32,
}

impl Default for TurnDetectorPolicy {
    fn default() -> Self {
        Self {
            gate: SpeechGatePolicy::default(),
            same_turn_pause_ms: 2_000,
            judge_again_ms: 480,
        }
    }
}

/// Voice activity and end of turn. One value serves many calls.
#[derive(Debug, Clone)]
pub struct LocalTurnDetector {
    vad: Arc<SileroModel>,
    smart_turn: Arc<SmartTurn>,
    denoiser: Arc<Denoiser>,
    printer: Arc<VoicePrinter>,
    pool: Arc<InferencePool>,
    policy: TurnDetectorPolicy,
}

impl LocalTurnDetector {
    pub(super) fn new(
        vad: Arc<SileroModel>,
        smart_turn: Arc<SmartTurn>,
        denoiser: Arc<Denoiser>,
        printer: Arc<VoicePrinter>,
        pool: Arc<InferencePool>,
    ) -> Self {
        Self {
            vad,
            smart_turn,
            denoiser,
            printer,
            pool,
            policy: TurnDetectorPolicy::default(),
        }
    }

    /// The same detector with another policy for the calls opened from now on.
    #[must_use]
    pub fn with_policy(mut self, policy: TurnDetectorPolicy) -> Self {
        self.policy = policy;
        self
    }
}

#[async_trait]
impl TurnDetector for LocalTurnDetector {
    async fn open(&self, request: DetectorRequest) -> Result<DetectorStream, ProviderError> {
        let (audio, frames) = mpsc::channel(EVENT_QUEUE);
        let (events, received) = mpsc::channel(EVENT_QUEUE);
        let (is_denoising, is_foreground_only) = match request.denoising {
            Denoising::Off => (false, false),
            Denoising::NoiseCancellation => (true, false),
            Denoising::NoiseAndBackgroundSpeechCancellation => (true, true),
        };
        // Nobody looks back where neither turns nor voices are judged.
        let kept = match request.judges_turns || is_denoising {
            true => SMART_TURN_SAMPLES,
            false => 0,
        };
        let call = DetectedCall {
            detector: self.clone(),
            judges_turns: request.judges_turns,
            events,
            wideband: Wideband::new(request.rate),
            waiting: Vec::with_capacity(2 * VAD_WINDOW),
            memory: SileroMemory::default(),
            stillness: Stillness::default(),
            second_opinion: is_denoising.then(|| SecondOpinion::new(Arc::clone(&self.denoiser))),
            foreground: is_foreground_only.then(Foreground::new),
            fading: Fading::new(),
            voices: is_denoising.then(|| VoiceWatch::new(is_foreground_only)),
            look: None,
            is_late: false,
            gate: SpeechGate::new(self.policy.gate),
            history: AudioHistory::new(kept),
            turn: TurnAudio::default(),
            judgement: None,
        };
        self.pool.listen(call.run(frames));
        Ok(DetectorStream {
            audio,
            events: received,
        })
    }
}

struct DetectedCall {
    detector: LocalTurnDetector,
    judges_turns: bool,
    events: mpsc::Sender<DetectorEvent>,
    wideband: Wideband,
    /// Samples that do not fill a window yet.
    waiting: Vec<f32>,
    memory: SileroMemory,
    stillness: Stillness,
    second_opinion: Option<SecondOpinion>,
    foreground: Option<Foreground>,
    fading: Fading,
    /// Whose voice is heard.
    voices: Option<VoiceWatch>,
    look: Option<PendingLook>,
    /// So much audio waits that denoising has to be left out.
    is_late: bool,
    gate: SpeechGate,
    history: AudioHistory,
    turn: TurnAudio,
    judgement: Option<Judgement>,
}

struct Judgement {
    end: u64,
    /// Whether it is the second of this silence.
    is_second: bool,
    answer: oneshot::Receiver<Result<f32, ProviderError>>,
}

/// The other end is gone, or detection failed: the call's detection is over.
struct CallOver;

impl DetectedCall {
    async fn run(mut self, mut frames: mpsc::Receiver<Frame>) {
        loop {
            let done = tokio::select! {
                biased;
                answer = answer_of(&mut self.judgement) => self.take_judgement(answer).await,
                answer = sample_of(&mut self.look) => self.take_look(answer).await,
                frame = frames.recv() => match frame {
                    Some(frame) => {
                        self.is_late = frames.len() >= LATE_FRAMES;
                        self.hear(&frame).await
                    }
                    None => Err(CallOver),
                },
            };
            if done.is_err() {
                return;
            }
        }
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
        self.waiting.extend_from_slice(self.wideband.push(frame));
        let mut window = [0.0; VAD_WINDOW];
        while self.waiting.len() >= VAD_WINDOW {
            window.copy_from_slice(&self.waiting[..VAD_WINDOW]);
            self.waiting.drain(..VAD_WINDOW);
            self.judge_window(&window).await?;
        }
        Ok(())
    }

    async fn judge_window(&mut self, window: &[f32; VAD_WINDOW]) -> Result<(), CallOver> {
        let probability = match self.probability(window) {
            Ok(probability) => probability,
            Err(error) => return self.fail(error).await,
        };
        self.history.push(window);
        let edge = self.gate.push(probability);
        let at = self.position(self.gate.judged());
        match edge {
            Some(SpeechEdge::Started { onset }) => {
                self.turn.start(onset, self.same_turn_pause());
                self.judgement = None;
                let news = self.voices.as_mut().and_then(|it| it.start(onset));
                let onset = self.position(onset);
                let event = DetectorEvent::SpeechStarted { onset, at };
                self.send(event).await?;
                match news {
                    Some(news) => self.attribute(news).await,
                    None => Ok(()),
                }
            }
            Some(SpeechEdge::Stopped { end }) => {
                self.turn.stop(end);
                self.judge_turn(Urgency::Owed, end, false);
                if let Some(voices) = &mut self.voices {
                    voices.stop(end);
                }
                let end = self.position(end);
                self.send(DetectorEvent::SpeechStopped { end, at }).await
            }
            None => {
                if self.gate.has_gone_quiet() {
                    self.send(DetectorEvent::Quiet { at }).await?;
                } else if self.gate.has_gone_on() {
                    self.send(DetectorEvent::WentOn { at }).await?;
                }
                self.judge_again();
                self.look_at_voice().await
            }
        }
    }

    /// The probability that the caller speaks in the next window.
    fn probability(&mut self, window: &[f32; VAD_WINDOW]) -> Result<f32, ProviderError> {
        let vad = &self.detector.vad;
        let mut probability = match self.stillness.has(window) {
            true => self.memory.pass_over(window),
            false => vad.probability(&mut self.memory, window)?,
        };
        if let Some(opinion) = self.second_opinion.as_mut().filter(|_| !self.is_late) {
            probability = opinion.of(vad, window, probability)?;
        }
        if let Some(foreground) = &mut self.foreground {
            probability = foreground.of(window, probability);
        }
        Ok(self.fading.of(window, probability))
    }

    /// A second judgement, once, if the silence lasts.
    fn judge_again(&mut self) {
        let after = samples_in_ms(self.detector.policy.judge_again_ms);
        if let Some(end) = self.turn.due_again(self.gate.judged(), after) {
            self.judge_turn(Urgency::Optional, end, true);
        }
    }

    fn judge_turn(&mut self, urgency: Urgency, end: u64, is_second: bool) {
        if !self.judges_turns {
            return;
        }
        let samples = self
            .history
            .since(self.turn.start.saturating_sub(TURN_PRE_ROLL));
        let smart_turn = Arc::clone(&self.detector.smart_turn);
        match self
            .detector
            .pool
            .submit(urgency, move || smart_turn.likelihood(&samples))
        {
            Ok(answer) => {
                self.judgement = Some(Judgement {
                    end,
                    is_second,
                    answer,
                });
            }
            // Without a likelihood the turn manager waits its longest time.
            Err(busy) => tracing::debug!("end of turn is not judged: {busy}"),
        }
    }

    async fn take_judgement(&mut self, answer: Result<f32, ProviderError>) -> Result<(), CallOver> {
        let Some(judgement) = self.judgement.take() else {
            return Ok(());
        };
        match answer {
            Ok(likelihood) => {
                let likelihood = self.turn.settle(likelihood, judgement.is_second);
                let end = self.position(judgement.end);
                self.send(DetectorEvent::EndOfTurn { likelihood, end })
                    .await
            }
            Err(error) => self.fail(error).await,
        }
    }

    fn same_turn_pause(&self) -> u64 {
        samples_in_ms(self.detector.policy.same_turn_pause_ms)
    }

    /// Where a sample of what the models hear lies in the caller's audio.
    fn position(&self, sample: u64) -> Duration {
        WIDEBAND.duration_of(sample.saturating_sub(self.wideband.delay_samples()))
    }

    async fn fail(&mut self, error: ProviderError) -> Result<(), CallOver> {
        // Nobody may be listening any more, and detection is over either way.
        let _ = self.events.send(DetectorEvent::Failed(error)).await;
        Err(CallOver)
    }

    async fn send(&mut self, event: DetectorEvent) -> Result<(), CallOver> {
        self.events.send(event).await.map_err(|_| CallOver)
    }
}

/// Which audio belongs to the caller's turn, in samples of the call.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct TurnAudio {
    start: u64,
    /// The first judgement of the silence, where there is one.
    first_likelihood: Option<f32>,
    /// Where the caller fell silent, and whether the silence was judged a second time.
    stopped: Option<Silence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Silence {
    end: u64,
    is_judged_again: bool,
}

impl TurnAudio {
    fn start(&mut self, onset: u64, same_turn_pause: u64) {
        let continues = self
            .stopped
            .is_some_and(|silence| onset.saturating_sub(silence.end) <= same_turn_pause);
        if !continues {
            self.start = onset;
        }
        self.stopped = None;
    }

    fn stop(&mut self, end: u64) {
        self.stopped = Some(Silence {
            end,
            is_judged_again: false,
        });
        self.first_likelihood = None;
    }

    /// What is to be believed after a judgement of the silence. A longer silence alone makes the
    /// model more certain that the turn is over, so its second judgement, which would be of use
    /// where it heard something it missed before, counts for a quarter.
    fn settle(&mut self, likelihood: f32, is_second: bool) -> f32 {
        let first = self.first_likelihood.get_or_insert(likelihood);
        if is_second {
            (3.0 * *first + likelihood) / 4.0
        } else {
            *first = likelihood;
            likelihood
        }
    }

    /// The end of speech, once, when the silence has lasted for `after`.
    fn due_again(&mut self, judged: u64, after: u64) -> Option<u64> {
        let silence = self.stopped.as_mut()?;
        if silence.is_judged_again || judged < silence.end + after {
            return None;
        }
        silence.is_judged_again = true;
        Some(silence.end)
    }
}

const fn samples_in_ms(ms: u32) -> u64 {
    ms as u64 * 16
}

async fn answer_of(judgement: &mut Option<Judgement>) -> Result<f32, ProviderError> {
    match judgement {
        None => pending().await,
        Some(judgement) => (&mut judgement.answer)
            .await
            .unwrap_or_else(|_| Err(panicked())),
    }
}

fn panicked() -> ProviderError {
    ProviderError::Unavailable {
        provider: PROVIDER.to_owned(),
        problem: "a pass panicked; see the log".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_pause_keeps_the_turn_and_a_long_one_begins_another() {
        let mut turn = TurnAudio::default();
        turn.start(1_000, 500);
        turn.stop(4_000);
        turn.start(4_500, 500);
        assert_eq!(turn.start, 1_000);
        turn.stop(6_000);
        turn.start(6_501, 500);
        assert_eq!(turn.start, 6_501);
    }

    #[test]
    fn a_second_judgement_betters_the_first_but_does_not_overrule_it() {
        let mut turn = TurnAudio::default();
        turn.start(0, 500);
        turn.stop(1_000);
        assert!((turn.settle(0.05, false) - 0.05).abs() < 1e-6);
        let second = turn.settle(0.95, true);
        assert!((0.25..0.3).contains(&second), "{second}");
        turn.stop(2_000);
        assert!((turn.settle(0.8, true) - 0.8).abs() < 1e-6);
    }

    #[test]
    fn silence_is_judged_again_once() {
        let mut turn = TurnAudio::default();
        assert_eq!(turn.due_again(10_000, 480), None);
        turn.start(0, 500);
        turn.stop(1_000);
        assert_eq!(turn.due_again(1_479, 480), None);
        assert_eq!(turn.due_again(1_480, 480), Some(1_000));
        assert_eq!(turn.due_again(9_999, 480), None);
    }
}
