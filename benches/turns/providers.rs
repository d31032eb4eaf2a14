//! The stages of a call on the bench: the real ears with stated delays, and simulators of the
//! language model and the voice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, DetectorEvent,
    DetectorRequest, DetectorStream, EVENT_QUEUE, ProviderError, SpeechEvent, SpeechRequest,
    SpeechStream, SpeechToText, SpokenText, SttEvent, SttRequest, SttStream, TextToSpeech,
    TurnDetector, VoiceCapabilities,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::speech::Library;

/// A pass of voice activity over one window.
pub(crate) const VOICE_ACTIVITY: Duration = Duration::from_millis(2);
/// A pass of the end-of-turn model.
pub(crate) const END_OF_TURN: Duration = Duration::from_millis(40);
/// A look at whose voice it is.
pub(crate) const VOICE: Duration = Duration::from_millis(40);
/// A pass of recognition over an utterance that still grows.
pub(crate) const INTERIM: Duration = Duration::from_millis(80);
/// From the order to settle an utterance to its final transcript.
pub(crate) const FINAL: Duration = Duration::from_millis(150);
/// The language model's first token.
pub(crate) const FIRST_TOKEN: Duration = Duration::from_millis(350);
/// From word to word: about 50 tokens a second.
pub(crate) const WORD: Duration = Duration::from_millis(25);
/// From a piece of text to its audio.
pub(crate) const FIRST_AUDIO: Duration = Duration::from_millis(150);

/// A turn detector whose answers come as late as a machine would give them.
pub(crate) struct TimedDetector {
    pub(crate) inner: Arc<dyn TurnDetector>,
    /// Whether it says how finished the caller sounds; the plain baseline has no such model.
    pub(crate) has_likelihoods: bool,
}

#[async_trait]
impl TurnDetector for TimedDetector {
    async fn open(&self, request: DetectorRequest) -> Result<DetectorStream, ProviderError> {
        let inner = self.inner.open(request).await?;
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let has_likelihoods = self.has_likelihoods;
        let delay = move |event: &DetectorEvent| match event {
            DetectorEvent::EndOfTurn { .. } => has_likelihoods.then_some(END_OF_TURN),
            DetectorEvent::Voice { .. } => Some(VOICE),
            _ => Some(VOICE_ACTIVITY),
        };
        // A caller who goes on ends the judgement of the pause.
        let replaces = |new: &DetectorEvent, waiting: &DetectorEvent| {
            matches!(new, DetectorEvent::SpeechStarted { .. })
                && matches!(waiting, DetectorEvent::EndOfTurn { .. })
        };
        tokio::spawn(relay(inner.events, sender, delay, replaces));
        Ok(DetectorStream {
            audio: inner.audio,
            events,
        })
    }
}

/// Recognition whose answers come as late as a machine would give them.
pub(crate) struct TimedRecognition {
    pub(crate) inner: Arc<dyn SpeechToText>,
}

#[async_trait]
impl SpeechToText for TimedRecognition {
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let inner = self.inner.open(request).await?;
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let delay = |event: &SttEvent| match event {
            SttEvent::Interim { .. } => Some(INTERIM),
            SttEvent::Settled { .. } | SttEvent::Final { .. } => Some(FINAL),
            SttEvent::Failed(_) => Some(Duration::ZERO),
        };
        // An order to settle ends the pass that runs.
        let replaces = |new: &SttEvent, waiting: &SttEvent| match (new, waiting) {
            (
                SttEvent::Final { utterance, .. },
                SttEvent::Interim {
                    utterance: interim, ..
                },
            ) => utterance == interim,
            _ => false,
        };
        tokio::spawn(relay(inner.events, sender, delay, replaces));
        Ok(SttStream {
            input: inner.input,
            events,
        })
    }
}

/// Passes events on, each after its delay; one without a delay is dropped, and so are those that
/// a newer one replaces.
async fn relay<E>(
    mut events: mpsc::Receiver<E>,
    out: mpsc::Sender<E>,
    delay: impl Fn(&E) -> Option<Duration>,
    replaces: impl Fn(&E, &E) -> bool,
) {
    let mut waiting: VecDeque<(Instant, E)> = VecDeque::new();
    let mut is_open = true;
    while is_open || !waiting.is_empty() {
        let due = waiting.front().map(|(at, _)| *at);
        tokio::select! {
            biased;
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some((_, event)) = waiting.pop_front()
                    && out.send(event).await.is_err()
                {
                    return;
                }
            }
            event = events.recv(), if is_open => match event {
                None => is_open = false,
                Some(event) => {
                    waiting.retain(|(_, other)| !replaces(&event, other));
                    if let Some(delay) = delay(&event) {
                        let at = Instant::now() + delay;
                        let place = waiting.partition_point(|(other, _)| *other <= at);
                        waiting.insert(place, (at, event));
                    }
                }
            },
        }
    }
}

/// What the language model answers in the running episode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    /// To a typed message.
    pub(crate) to_typed: String,
    /// To anything that is said.
    pub(crate) to_spoken: String,
}

/// The message that makes the agent speak for as long as an episode wants.
pub(crate) const TYPED: &str = "tell me everything";

/// A language model that gives set answers at a set pace.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimulatedChat {
    pub(crate) answers: Arc<Mutex<Answers>>,
}

#[async_trait]
impl ChatModel for SimulatedChat {
    async fn open(
        &self,
        _messages: Arc<[ChatMessage]>,
    ) -> Result<Box<dyn ChatCall>, ProviderError> {
        Ok(Box::new(self.clone()))
    }
}

impl ChatCall for SimulatedChat {
    fn prime(&self, _messages: Arc<[ChatMessage]>) {}

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (events, reply) = mpsc::channel(EVENT_QUEUE);
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let is_typed = request
            .messages
            .last()
            .is_some_and(|message| message.text == TYPED);
        let text = if is_typed {
            answers.to_typed.clone()
        } else {
            answers.to_spoken.clone()
        };
        tokio::spawn(write(text, events));
        reply
    }
}

async fn write(text: String, events: mpsc::Sender<ChatEvent>) {
    sleep(FIRST_TOKEN).await;
    let mut words = 0;
    for word in text.split_inclusive(' ') {
        if events.send(ChatEvent::Text(word.to_owned())).await.is_err() {
            return;
        }
        words += 1;
        sleep(WORD).await;
    }
    // Nobody listens where the reply was cancelled.
    let _ = events
        .send(ChatEvent::Finished {
            prompt_tokens_read: 0,
            reply_tokens: words,
            is_cut: false,
        })
        .await;
}

/// A voice that plays what was spoken before the bench began.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedVoice {
    pub(crate) library: Arc<Library>,
}

#[async_trait]
impl TextToSpeech for SimulatedVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: vec!["bench".into()],
            has_native_speed: false,
            rate: self.library.rate(),
        }
    }

    async fn open(&self, _request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let (text, pieces) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(speak(Arc::clone(&self.library), pieces, sender));
        Ok(SpeechStream { text, events })
    }
}

/// Speaks the pieces one after another, each so long after it was given.
async fn speak(
    library: Arc<Library>,
    mut pieces: mpsc::Receiver<SpokenText>,
    events: mpsc::Sender<SpeechEvent>,
) {
    while let Some(piece) = pieces.recv().await {
        sleep(FIRST_AUDIO).await;
        let audio = library.speak(&piece);
        if events.send(SpeechEvent::Audio(audio)).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_contract::UtteranceId;

    fn interim(id: u32) -> SttEvent {
        SttEvent::Interim {
            utterance: UtteranceId(id),
            text: "so far".into(),
        }
    }

    fn settled(id: u32) -> SttEvent {
        SttEvent::Final {
            utterance: UtteranceId(id),
            text: "all".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_come_late_and_in_order_and_a_final_replaces_interims() {
        let (input, events) = mpsc::channel(8);
        let (out, mut received) = mpsc::channel(8);
        let delay = |event: &SttEvent| match event {
            SttEvent::Interim { .. } => Some(INTERIM),
            _ => Some(FINAL),
        };
        let replaces = |new: &SttEvent, waiting: &SttEvent| {
            matches!(new, SttEvent::Final { .. }) && matches!(waiting, SttEvent::Interim { .. })
        };
        let start = Instant::now();
        tokio::spawn(relay(events, out, delay, replaces));
        input.send(interim(1)).await.unwrap();
        assert_eq!(received.recv().await, Some(interim(1)));
        assert_eq!(start.elapsed(), INTERIM);
        input.send(interim(2)).await.unwrap();
        input.send(settled(2)).await.unwrap();
        drop(input);
        assert_eq!(received.recv().await, Some(settled(2)));
        assert_eq!(start.elapsed(), INTERIM + FINAL);
        assert_eq!(received.recv().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_delay_never_comes() {
        let (input, events) = mpsc::channel(8);
        let (out, mut received) = mpsc::channel(8);
        tokio::spawn(relay(events, out, |_: &SttEvent| None, |_, _| false));
        input.send(settled(1)).await.unwrap();
        drop(input);
        assert_eq!(received.recv().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_model_answers_what_the_episode_wants_at_its_pace() {
        let chat = SimulatedChat::default();
        *chat.answers.lock().unwrap() = Answers {
            to_typed: "a long story".into(),
            to_spoken: "Yes.".into(),
        };
        let start = Instant::now();
        let ask = |text: &str| {
            chat.reply(ChatRequest {
                messages: vec![ChatMessage {
                    role: offhook_contract::Role::Caller,
                    text: text.into(),
                    tool: None,
                }]
                .into(),
                options: offhook_contract::ChatOptions {
                    thinking: offhook_contract::ThinkingOptions::LEAST,
                    temperature: None,
                    tokens_max: 100,
                },
            })
        };
        let mut typed = ask(TYPED);
        assert_eq!(typed.recv().await, Some(ChatEvent::Text("a ".into())));
        assert_eq!(start.elapsed(), FIRST_TOKEN);
        let mut spoken = ask("Are you open?");
        assert_eq!(spoken.recv().await, Some(ChatEvent::Text("Yes.".into())));
    }
}
