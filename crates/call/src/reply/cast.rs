//! Several voices in one reply, one after the other. The next begins to be made while the one before
//! is still being heard.

use std::collections::VecDeque;
use std::sync::Arc;

use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechEvent, SpeechRequest, SpeechStream, SpokenText, TextToSpeech,
};
use tokio::sync::mpsc;

/// Voices whose speech is made at the same time.
const AT_ONCE_MAX: usize = 2;

/// Who speaks in a call.
#[derive(Clone)]
pub(crate) struct Voices {
    /// Makes speech.
    pub(crate) voice: Arc<dyn TextToSpeech>,
    /// The agent's own voice.
    pub(crate) own: SpeechRequest,
    /// Others, each with the label under which it speaks.
    pub(crate) others: Arc<[(String, SpeechRequest)]>,
}

/// A piece of a reply, and whose it is: 0 is the agent's own voice.
pub(super) type Cue = (usize, SpokenText);

/// Where pieces go.
pub(super) enum Stage {
    /// To the agent's own voice.
    One(mpsc::Sender<SpokenText>),
    Several(mpsc::Sender<Cue>),
}

impl Stage {
    /// Hands a piece on. A voice that no longer listens says why on its event channel.
    pub(super) async fn send(&self, voice: usize, piece: SpokenText) {
        match self {
            Self::One(text) => drop(text.send(piece).await),
            Self::Several(cues) => drop(cues.send((voice, piece)).await),
        }
    }
}

impl Voices {
    /// Opens the stage for a reply.
    ///
    /// # Errors
    /// [`ProviderError`] where the only voice cannot be had.
    pub(super) async fn open(
        self,
        has_labels: bool,
    ) -> Result<(Stage, mpsc::Receiver<SpeechEvent>), ProviderError> {
        if !has_labels {
            let SpeechStream { text, events } = self.voice.open(self.own).await?;
            return Ok((Stage::One(text), events));
        }
        let (cues, to_say) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(async move {
            tokio::select! {
                // Nobody listens: dropping the voices' streams ends them.
                () = sender.closed() => {}
                done = self.perform(to_say, &sender) => {
                    if let Err(problem) = done {
                        let _ = sender.send(SpeechEvent::Failed(problem)).await;
                    }
                }
            }
        });
        Ok((Stage::Several(cues), events))
    }

    async fn perform(
        self,
        mut cues: mpsc::Receiver<Cue>,
        events: &mpsc::Sender<SpeechEvent>,
    ) -> Result<(), ProviderError> {
        let mut speaking: VecDeque<mpsc::Receiver<SpeechEvent>> = VecDeque::new();
        let mut current: Option<(usize, mpsc::Sender<SpokenText>)> = None;
        let mut is_complete = false;
        while !is_complete || !speaking.is_empty() {
            let has_room = !is_complete && speaking.len() <= AT_ONCE_MAX;
            tokio::select! {
                biased;
                event = next(&mut speaking), if !speaking.is_empty() => match event {
                    Some(SpeechEvent::Failed(problem)) => return Err(problem),
                    Some(audio) => if events.send(audio).await.is_err() {
                        return Ok(());
                    },
                    None => drop(speaking.pop_front()),
                },
                cue = cues.recv(), if has_room => match cue {
                    Some((voice, piece)) => {
                        if current.as_ref().is_none_or(|(before, _)| *before != voice) {
                            // Dropping the sender says that the voice has said all.
                            drop(current.take());
                            let stream = self.voice.open(self.request(voice)).await?;
                            speaking.push_back(stream.events);
                            current = Some((voice, stream.text));
                        }
                        if let Some((_, text)) = &current {
                            let _ = text.send(piece).await;
                        }
                    }
                    None => {
                        is_complete = true;
                        drop(current.take());
                    }
                },
            }
        }
        Ok(())
    }

    fn request(&self, voice: usize) -> SpeechRequest {
        let other = voice.checked_sub(1).and_then(|it| self.others.get(it));
        let request = other.map_or(&self.own, |(_, request)| request);
        SpeechRequest {
            is_phrase: false,
            ..request.clone()
        }
    }
}

async fn next(speaking: &mut VecDeque<mpsc::Receiver<SpeechEvent>>) -> Option<SpeechEvent> {
    speaking.front_mut()?.recv().await
}
