//! One reply: tokens become pieces, pieces become speech, while the model is still writing.
//!
//! A reply runs in a task of its own and talks to the session through one bounded channel; all
//! that it sends carries its [`TurnId`]. Dropping the [`Reply`] ends the task, the model's stream
//! and the voice's.

mod cast;
mod clip;
mod labels;
mod pieces;

use std::sync::Arc;

use offhook_contract::{
    ChatCall, ChatEvent, ChatReply, ChatRequest, ProviderError, SpeechAudio, SpeechEvent, TextSpan,
};
use offhook_media::{SampleRate, key_tones};
use offhook_turn_taking::{ReplyFailure, TurnId};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use cast::Stage;
pub(crate) use cast::Voices;
pub(crate) use clip::{ClipEvent, ClipTask, FillerSource, Spoken};
use labels::{Labels, Part};
use pieces::Pieces;
pub(crate) use pieces::pieces_of;

/// What a reply reports, in order.
#[derive(Debug)]
pub(crate) struct ReplyEvent {
    /// The reply.
    pub(crate) turn: TurnId,
    /// What happened.
    pub(crate) kind: ReplyEventKind,
}

/// What happened in a reply.
#[derive(Debug)]
pub(crate) enum ReplyEventKind {
    /// More text was written.
    Text(String),
    /// The first piece went to the voice.
    FirstPiece,
    /// Speech was made.
    Audio(SpeechAudio),
    /// The text is complete and all of its speech was sent.
    Ready,
    /// It cannot be made, or not to its end.
    Failed(ReplyFailure, ProviderError),
}

/// Where a reply's text comes from.
pub(crate) enum ReplySource {
    /// A line, configured or ordered.
    Line(String),
    /// Keys of a telephone, whose tones are played; no text.
    Keys(String),
    /// The chat model.
    Chat {
        /// The call's model.
        model: Arc<dyn ChatCall>,
        /// What it answers.
        request: ChatRequest,
    },
}

/// A running reply. Dropping it cancels it.
#[derive(Debug)]
pub(crate) struct Reply {
    hurry: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Reply {
    /// Starts the task that makes reply `turn` and reports to `events`.
    pub(crate) fn start(
        turn: TurnId,
        source: ReplySource,
        voices: Voices,
        events: mpsc::Sender<ReplyEvent>,
    ) -> Self {
        let hurry = Arc::new(Notify::new());
        let labels = voices.others.iter().map(|(label, _)| label.clone());
        let work = Work {
            turn,
            labels: (!voices.others.is_empty()).then(|| Labels::new(labels.collect())),
            voice: 0,
            pieces: Pieces::new(),
            has_piece: false,
            events,
            hurry: hurry.clone(),
        };
        let task = tokio::spawn(work.run(source, voices));
        Self { hurry, task }
    }

    /// Playout is about to run dry: send the next phrase without waiting for its sentence.
    pub(crate) fn hurry(&self) {
        self.hurry.notify_one();
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a reply ends early.
enum Stop {
    /// Tell the session.
    Failed(ReplyFailure, ProviderError),
    /// The session is gone.
    Unwanted,
}

struct Work {
    turn: TurnId,
    /// Where other voices than the agent's own may speak.
    labels: Option<Labels>,
    /// Whose what is written is: 0 is the agent's own.
    voice: usize,
    pieces: Pieces,
    has_piece: bool,
    events: mpsc::Sender<ReplyEvent>,
    hurry: Arc<Notify>,
}

impl Work {
    async fn run(mut self, source: ReplySource, voices: Voices) {
        let outcome = self.make(source, voices).await;
        let last = match outcome {
            Ok(()) => ReplyEventKind::Ready,
            Err(Stop::Failed(failure, problem)) => ReplyEventKind::Failed(failure, problem),
            Err(Stop::Unwanted) => return,
        };
        // A closed channel means that the session is gone: nobody is left to tell.
        let _ = self.report(last).await;
    }

    async fn make(&mut self, source: ReplySource, voices: Voices) -> Result<(), Stop> {
        // The model is asked before the voice is opened: it is the slower of the two.
        let chat = match source {
            ReplySource::Line(text) => {
                // Most lines are one voice's, whose sound may be kept.
                self.labels.take_if(|_| !text.contains('<'));
                self.wrote(text).await?;
                self.wrote_all().await?;
                None
            }
            ReplySource::Keys(keys) => return self.press(&keys).await,
            ReplySource::Chat { model, request } => Some(model.reply(request)),
        };
        let (stage, mut events) = voices
            .open(self.labels.is_some())
            .await
            .map_err(|problem| Stop::Failed(ReplyFailure::Voice, problem))?;
        self.speak(chat, stage, &mut events).await?;
        if self.has_piece {
            return Ok(());
        }
        Err(Stop::Failed(
            ReplyFailure::Empty,
            ProviderError::Malformed {
                provider: "chat model".into(),
                problem: "the reply holds nothing that can be spoken".into(),
            },
        ))
    }

    /// Plays the tones of keys.
    async fn press(&self, keys: &str) -> Result<(), Stop> {
        let rate = SampleRate::HZ_8000;
        let tones = SpeechAudio {
            samples: key_tones(keys, rate),
            rate,
            span: TextSpan::default(),
            words: Vec::new(),
        };
        self.report(ReplyEventKind::Audio(tones)).await
    }

    /// Feeds the voice from the model, and the session from the voice, until both are done.
    async fn speak(
        &mut self,
        mut chat: Option<ChatReply>,
        text: Stage,
        speech: &mut mpsc::Receiver<SpeechEvent>,
    ) -> Result<(), Stop> {
        let mut text = Some(text);
        let mut is_hurried = false;
        loop {
            if let Some(sender) = text.take() {
                self.send_pieces(&sender, &mut is_hurried, chat.is_none())
                    .await?;
                // Dropping the sender tells the voice that the text is complete.
                text = chat.is_some().then_some(sender);
            }
            let hurry = self.hurry.clone();
            tokio::select! {
                biased;
                event = speech.recv() => match event {
                    Some(SpeechEvent::Audio(audio)) => self.report(ReplyEventKind::Audio(audio)).await?,
                    Some(SpeechEvent::Failed(problem)) => {
                        return Err(Stop::Failed(ReplyFailure::Voice, problem));
                    }
                    None if chat.is_none() => return Ok(()),
                    None => return Err(voice_ended_early()),
                },
                event = next_event(&mut chat) => match event {
                    Some(ChatEvent::Text(piece)) => self.wrote(piece).await?,
                    Some(ChatEvent::Failed(problem)) => {
                        return Err(Stop::Failed(ReplyFailure::ChatModel, problem));
                    }
                    Some(ChatEvent::Finished { .. }) | None => {
                        self.wrote_all().await?;
                        chat = None;
                    }
                },
                () = hurry.notified(), if text.is_some() => is_hurried = true,
            }
        }
    }

    async fn send_pieces(
        &mut self,
        stage: &Stage,
        is_hurried: &mut bool,
        is_complete: bool,
    ) -> Result<(), Stop> {
        loop {
            let piece = match self.pieces.next_piece(*is_hurried) {
                Some(piece) => piece,
                None if is_complete => match self.pieces.last_piece() {
                    Some(piece) => piece,
                    None => return Ok(()),
                },
                None => return Ok(()),
            };
            *is_hurried = false;
            if !self.has_piece {
                self.has_piece = true;
                self.report(ReplyEventKind::FirstPiece).await?;
            }
            stage.send(self.pieces.voice(), piece).await;
        }
    }

    async fn wrote(&mut self, text: String) -> Result<(), Stop> {
        let Some(labels) = &mut self.labels else {
            self.pieces.push(&text);
            return self.report(ReplyEventKind::Text(text)).await;
        };
        for part in labels.push(&text) {
            self.wrote_part(part).await?;
        }
        Ok(())
    }

    /// Nothing more is written.
    async fn wrote_all(&mut self) -> Result<(), Stop> {
        match self.labels.as_mut().and_then(Labels::finish) {
            Some(part) => self.wrote_part(part).await,
            None => Ok(()),
        }
    }

    async fn wrote_part(&mut self, part: Part) -> Result<(), Stop> {
        if std::mem::replace(&mut self.voice, part.voice) != part.voice {
            self.pieces.change_voice(part.voice);
        }
        self.pieces.push(&part.text);
        self.report(ReplyEventKind::Text(part.text)).await
    }

    async fn report(&self, kind: ReplyEventKind) -> Result<(), Stop> {
        let event = ReplyEvent {
            turn: self.turn,
            kind,
        };
        self.events.send(event).await.map_err(|_| Stop::Unwanted)
    }
}

/// The model's next event; never comes once the text is complete.
async fn next_event(chat: &mut Option<ChatReply>) -> Option<ChatEvent> {
    match chat {
        Some(chat) => chat.recv().await,
        None => std::future::pending().await,
    }
}

fn voice_ended_early() -> Stop {
    Stop::Failed(
        ReplyFailure::Voice,
        ProviderError::Malformed {
            provider: "voice".into(),
            problem: "it closed its audio before the text was complete".into(),
        },
    )
}
