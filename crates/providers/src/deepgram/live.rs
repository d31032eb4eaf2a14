//! One call's recognition: a task that moves audio to the server and words back.

use std::sync::Arc;

use offhook_contract::{ProviderError, SttEvent, SttInput};
use offhook_media::SampleRate;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::link::{Happening, Link, Socket, wait_before};
use super::outbox::Outbox;
use super::speech::DeepgramConfig;
use super::transcript::{Sent, Transcript};
use super::wire;
use crate::hosted::Failure;

const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
const FINALIZE: &str = r#"{"type":"Finalize"}"#;
const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;

/// Answers in a row that were given by their deadline while the server said nothing at all: the
/// connection is taken for dead.
const UNANSWERED_MAX: u32 = 2;

pub(super) struct Live {
    config: Arc<DeepgramConfig>,
    url: String,
    rate: SampleRate,
    events: mpsc::Sender<SttEvent>,
    link: Link,
    outbox: Outbox,
    transcript: Transcript,
    /// Tries to connect since the last result.
    tries: usize,
    unanswered: u32,
    is_quiet: bool,
    /// The server has said something since the caller began to speak.
    is_heard_from: bool,
    /// It was connected to anew because it had not.
    is_doubted: bool,
}

/// The call is over, or its recognition is.
struct Over;

#[expect(
    clippy::large_enum_variant,
    reason = "a frame lies inside the value, so that passing it on allocates nothing"
)]
enum Step {
    Input(Option<SttInput>),
    Link(Happening),
    Deadline,
    Dropped,
}

impl Live {
    pub(super) fn new(
        config: Arc<DeepgramConfig>,
        url: String,
        rate: SampleRate,
        events: mpsc::Sender<SttEvent>,
        socket: Socket,
    ) -> Self {
        Self {
            config,
            url,
            rate,
            events,
            link: Link::up(socket, 0),
            outbox: Outbox::new(rate.hz()),
            transcript: Transcript::new(rate.hz()),
            tries: 0,
            unanswered: 0,
            is_quiet: false,
            is_heard_from: true,
            is_doubted: false,
        }
    }

    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<SttInput>) {
        let mut is_open = true;
        while is_open || self.transcript.is_owed() {
            let has_more =
                self.is_quiet || self.outbox.has_more() || self.transcript.next_to_ask().is_some();
            let deadline = self.transcript.deadline();
            let step = tokio::select! {
                input = inputs.recv(), if is_open => Step::Input(input),
                happening = self.link.next(has_more, self.config.limits.keep_alive) => {
                    Step::Link(happening)
                }
                () = at(deadline) => Step::Deadline,
                () = self.events.closed() => Step::Dropped,
            };
            let done = match step {
                Step::Input(Some(input)) => self.take_input(input).await,
                Step::Input(None) => {
                    is_open = false;
                    Ok(())
                }
                Step::Link(happening) => self.take_happening(happening).await,
                Step::Deadline => self.expire().await,
                Step::Dropped => break,
            };
            if done.is_err() {
                break;
            }
        }
        if let Link::Up(line) = self.link {
            line.close(Message::text(CLOSE_STREAM)).await;
        }
    }

    async fn take_input(&mut self, input: SttInput) -> Result<(), Over> {
        match input {
            SttInput::Audio(frame) if frame.rate() != self.rate => {
                let error = ProviderError::Rejected {
                    provider: self.config.account.provider.clone(),
                    problem: format!(
                        "a frame at {} came in a call at {}: send all frames at the rate that was opened",
                        frame.rate(),
                        self.rate
                    ),
                };
                self.fail(error).await
            }
            SttInput::Audio(frame) => {
                self.outbox.push(frame.samples());
                self.transcript.hear(frame.samples().len() as u64);
                if self.link.line().is_some() && self.outbox.is_behind() {
                    return self.broke("it takes audio too slowly").await;
                }
                Ok(())
            }
            SttInput::UtteranceStarted {
                utterance,
                onset_ago_ms,
            } => {
                self.transcript.start(utterance, onset_ago_ms);
                self.is_heard_from = false;
                Ok(())
            }
            // The server is asked to settle what was said once: it does not answer a second time
            // where nothing was said since.
            SttInput::PauseSuspected { .. } => Ok(()),
            SttInput::Finalise { utterance } => {
                let deadline = Instant::now() + self.config.limits.finalise;
                let answers = self.transcript.finalise(utterance, deadline);
                self.send(answers).await
            }
        }
    }

    async fn take_happening(&mut self, happening: Happening) -> Result<(), Over> {
        match happening {
            Happening::TimeToDial => {
                self.tries += 1;
                self.link = Link::dialling(self.config.clone(), self.url.clone());
                Ok(())
            }
            Happening::Dialled(Ok(socket)) => {
                let kept_from = self.outbox.start();
                let from = self.transcript.resume(kept_from);
                let from = self.outbox.rewind(from);
                self.link = Link::up(socket, from);
                self.unanswered = 0;
                Ok(())
            }
            Happening::Dialled(Err(failure)) => self.lost(failure).await,
            Happening::Writable => match self.write() {
                Ok(()) => Ok(()),
                Err(problem) => self.broke(&problem.to_string()).await,
            },
            Happening::Quiet => {
                self.is_quiet = true;
                Ok(())
            }
            Happening::Broken(problem) | Happening::Message(Some(Err(problem))) => {
                self.broke(&problem.to_string()).await
            }
            Happening::Message(None) => self.broke("the connection ended").await,
            Happening::Message(Some(Ok(message))) => self.read(message).await,
        }
    }

    /// Sends what is next: a request to settle where its place is reached, else audio.
    fn write(&mut self) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        let Link::Up(line) = &mut self.link else {
            return Ok(());
        };
        let next_to_ask = self.transcript.next_to_ask();
        if next_to_ask.is_some_and(|at| at <= self.outbox.next()) {
            self.is_quiet = false;
            self.transcript.asked(self.outbox.next());
            return line.send(Message::text(FINALIZE));
        }
        let audio = self.outbox.take(next_to_ask.unwrap_or(u64::MAX));
        if !audio.is_empty() {
            self.is_quiet = false;
            return line.send(Message::Binary(Bytes::from(audio)));
        }
        if std::mem::take(&mut self.is_quiet) {
            return line.send(Message::text(KEEP_ALIVE));
        }
        Ok(())
    }

    async fn read(&mut self, message: Message) -> Result<(), Over> {
        self.unanswered = 0;
        self.is_heard_from = true;
        self.is_doubted = false;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(reason) => {
                let reason = reason.map(|it| format!("{} {}", u16::from(it.code), it.reason));
                let reason = reason.unwrap_or_else(|| "without a reason".into());
                return self.broke(&format!("it hung up: {reason}")).await;
            }
            _ => return Ok(()),
        };
        let results = match wire::read(&text) {
            Ok(Some(results)) => results,
            Ok(None) => return Ok(()),
            Err(problem) => {
                tracing::debug!("a message of the recogniser makes no sense: {problem}");
                return Ok(());
            }
        };
        self.tries = 0;
        let until = self.outbox.next();
        let Some(line) = self.link.line() else {
            return Ok(());
        };
        let from = line.from;
        let events = self.transcript.take(results, Sent { from, until });
        self.send(events).await
    }

    async fn expire(&mut self) -> Result<(), Over> {
        let is_silent = !self.is_heard_from && self.link.line().is_some();
        if is_silent && !std::mem::replace(&mut self.is_doubted, true) {
            // Not that there were no words: the connection is dead, and another may hear them.
            let deadline = Instant::now() + self.config.limits.finalise;
            self.transcript.postpone(deadline);
            return self.broke("it says nothing though the caller spoke").await;
        }
        let answers = self.transcript.expire(Instant::now());
        self.send(answers).await?;
        if self.link.line().is_none() {
            return Ok(());
        }
        self.unanswered += 1;
        if self.unanswered >= UNANSWERED_MAX {
            return self.broke("it no longer answers").await;
        }
        Ok(())
    }

    /// The connection cannot be used any more.
    async fn broke(&mut self, problem: &str) -> Result<(), Over> {
        let error = ProviderError::Unavailable {
            provider: self.config.account.provider.clone(),
            problem: problem.to_owned(),
        };
        self.lost(Failure::passing(error)).await
    }

    /// Waits for another connection, where one may help.
    async fn lost(&mut self, failure: Failure) -> Result<(), Over> {
        let wait = failure.retry_after.and(wait_before(self.tries));
        let Some(wait) = wait else {
            let known = self.transcript.give_up();
            self.send(known).await?;
            return self.fail(failure.error).await;
        };
        tracing::warn!("recognition has to connect again: {}", failure.error);
        self.link = Link::waiting(wait);
        Ok(())
    }

    async fn fail(&mut self, error: ProviderError) -> Result<(), Over> {
        // Nobody may be listening any more, and the call's recognition is over either way.
        let _ = self.events.send(SttEvent::Failed(error)).await;
        Err(Over)
    }

    /// Interim results are dropped where the call does not take them in time; all else waits.
    async fn send(&mut self, events: Vec<SttEvent>) -> Result<(), Over> {
        for event in events {
            if matches!(event, SttEvent::Interim { .. }) {
                if let Err(mpsc::error::TrySendError::Closed(_)) = self.events.try_send(event) {
                    return Err(Over);
                }
            } else {
                self.events.send(event).await.map_err(|_| Over)?;
            }
        }
        Ok(())
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
