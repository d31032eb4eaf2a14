//! One call's recognition: a task that moves audio to the server and words back.

use std::sync::Arc;

use offhook_contract::{ProviderError, SttEvent, SttInput};
use offhook_media::{Frame, Resampler, SampleRate};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::assembly::{Assembly as _, Sent};
use super::dialect::{ListeningDialect, Reading};
use super::link::{Happening, Link, Socket, wait_before};
use super::outbox::Outbox;
use crate::hosted::Failure;

/// Milliseconds of audio that go together while nobody speaks: a message is work for both ends.
const IDLE_MS: u32 = 100;

pub(super) struct Live<Dialect: ListeningDialect> {
    dialect: Arc<Dialect>,
    /// Of the call.
    rate: SampleRate,
    /// Where the server wants another rate.
    converter: Option<Converter>,
    events: mpsc::Sender<SttEvent>,
    link: Link,
    outbox: Outbox,
    assembly: Dialect::Assembly,
    /// Samples of the shortest audio that goes by itself.
    message_min: u64,
    /// The same while nobody speaks.
    idle_message: u64,
    /// Tries to connect since the last result.
    tries: usize,
    unanswered: u32,
    is_quiet: bool,
    /// The server has said something since the caller began to speak.
    is_heard_from: bool,
    /// It was connected to anew because it had not.
    is_doubted: bool,
}

struct Converter {
    resampler: Resampler,
    /// What came out last.
    samples: Vec<i16>,
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

impl<Dialect: ListeningDialect> Live<Dialect> {
    pub(super) fn new(
        dialect: Arc<Dialect>,
        rate: SampleRate,
        events: mpsc::Sender<SttEvent>,
        socket: Socket,
    ) -> Self {
        let wire_rate = dialect.rate(rate);
        let converter = (wire_rate != rate).then(|| Converter {
            resampler: Resampler::new(rate, wire_rate),
            samples: Vec::new(),
        });
        let (shortest, longest) = Dialect::MESSAGE_MS;
        Self {
            dialect,
            rate,
            converter,
            events,
            link: Link::up(socket, 0),
            outbox: Outbox::new(wire_rate.hz(), longest),
            assembly: Dialect::Assembly::new(wire_rate.hz()),
            message_min: u64::from((shortest * wire_rate.hz() / 1_000).max(1)),
            idle_message: u64::from(IDLE_MS.min(longest) * wire_rate.hz() / 1_000),
            tries: 0,
            unanswered: 0,
            is_quiet: false,
            is_heard_from: true,
            is_doubted: false,
        }
    }

    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<SttInput>) {
        let mut is_open = true;
        let keep_alive = self.dialect.limits().keep_alive;
        while is_open || self.assembly.is_owed() {
            let has_more = self.is_quiet || self.is_audio_ready() || self.is_to_ask();
            let deadline = self.assembly.deadline();
            let step = tokio::select! {
                input = inputs.recv(), if is_open => Step::Input(input),
                happening = self.link.next(has_more, keep_alive) => {
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
            line.close(self.dialect.goodbye()).await;
        }
    }

    /// Whether there is enough audio to send. What nobody wants is passed over.
    fn is_audio_ready(&mut self) -> bool {
        let Some(from) = self.assembly.wanted_from() else {
            return false;
        };
        self.outbox.skip_to(from);
        let least = match self.assembly.is_idle() {
            true => self.message_min.max(self.idle_message),
            false => self.message_min,
        };
        self.outbox.waiting() >= least
    }

    /// Whether the place is reached where the server is asked to settle. What is left of audio
    /// before it may be too short to go by itself; it is silence.
    fn is_to_ask(&self) -> bool {
        let next = self.assembly.next_to_ask();
        next.is_some_and(|at| at < self.outbox.next() + self.message_min)
    }

    async fn take_input(&mut self, input: SttInput) -> Result<(), Over> {
        match input {
            SttInput::Audio(frame) => self.take_audio(&frame).await,
            SttInput::UtteranceStarted {
                utterance,
                onset_ago_ms,
            } => {
                self.assembly.start(utterance, onset_ago_ms);
                self.is_heard_from = false;
                Ok(())
            }
            SttInput::PauseSuspected { utterance } => {
                self.assembly.pause(utterance);
                Ok(())
            }
            SttInput::Finalise {
                utterance,
                silence_ms,
            } => {
                let deadline = Instant::now() + self.dialect.limits().finalise;
                let answers = self.assembly.finalise(utterance, silence_ms, deadline);
                self.send(answers).await
            }
        }
    }

    async fn take_audio(&mut self, frame: &Frame) -> Result<(), Over> {
        if frame.rate() != self.rate {
            let error = ProviderError::Rejected {
                provider: self.provider(),
                problem: format!(
                    "a frame at {} came in a call at {}: send all frames at the rate that was opened",
                    frame.rate(),
                    self.rate
                ),
            };
            return self.fail(error).await;
        }
        let samples = match &mut self.converter {
            Some(Converter { resampler, samples }) => {
                samples.clear();
                resampler.process(frame.samples(), samples);
                samples.as_slice()
            }
            None => frame.samples(),
        };
        self.outbox.push(samples, self.assembly.kept_from());
        self.assembly.hear(samples.len() as u64);
        if self.link.line().is_some() && self.is_audio_ready() && self.outbox.is_behind() {
            return self.broke("it takes audio too slowly").await;
        }
        Ok(())
    }

    fn provider(&self) -> String {
        self.dialect.account().provider.clone()
    }

    async fn take_happening(&mut self, happening: Happening) -> Result<(), Over> {
        match happening {
            Happening::TimeToDial => {
                self.tries += 1;
                self.link = Link::dialling(self.dialect.clone());
                Ok(())
            }
            Happening::Dialled(Ok(socket)) => {
                let kept_from = self.outbox.start();
                let from = self.assembly.resume(kept_from);
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
    fn write(&mut self) -> Result<(), SocketError> {
        let (is_to_ask, is_audio_ready) = (self.is_to_ask(), self.is_audio_ready());
        let Link::Up(line) = &mut self.link else {
            return Ok(());
        };
        let next_to_ask = self.assembly.next_to_ask();
        if let Some(at) = next_to_ask.filter(|_| is_to_ask) {
            self.is_quiet = false;
            self.assembly.asked(at.max(self.outbox.next()));
            return line.send(self.dialect.finalise());
        }
        if is_audio_ready {
            self.is_quiet = false;
            if self.assembly.begin()
                && let Some(beginning) = self.dialect.beginning()
            {
                return line.send(beginning);
            }
            let audio = self.outbox.take(next_to_ask.unwrap_or(u64::MAX));
            return line.send(self.dialect.audio(audio));
        }
        if std::mem::take(&mut self.is_quiet) {
            return line.send(self.dialect.keep_alive());
        }
        Ok(())
    }

    async fn read(&mut self, message: Message) -> Result<(), Over> {
        self.unanswered = 0;
        self.is_heard_from = true;
        self.is_doubted = false;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(frame) => {
                let said = frame.as_ref();
                let meant = said.and_then(|it| self.dialect.closed(it.code.into(), &it.reason));
                return match meant {
                    Some(failure) => self.lost(failure).await,
                    None => {
                        let reason = said.map(|it| format!("{} {}", u16::from(it.code), it.reason));
                        let reason = reason.unwrap_or_else(|| "without a reason".into());
                        self.broke(&format!("it hung up: {reason}")).await
                    }
                };
            }
            _ => return Ok(()),
        };
        let heard = match self.dialect.read(&text) {
            Ok(Reading::Heard(heard)) => heard,
            Ok(Reading::Nothing | Reading::Ready) => return Ok(()),
            Ok(Reading::Failed(failure)) => return self.lost(failure).await,
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
        let events = self.assembly.take(heard, Sent { from, until });
        self.send(events).await
    }

    async fn expire(&mut self) -> Result<(), Over> {
        let is_silent = !self.is_heard_from && self.link.line().is_some();
        if is_silent && !std::mem::replace(&mut self.is_doubted, true) {
            // Not that there were no words: the connection is dead, and another may hear them.
            let deadline = Instant::now() + self.dialect.limits().finalise;
            self.assembly.postpone(deadline);
            return self.broke("it says nothing though the caller spoke").await;
        }
        let answers = self.assembly.expire(Instant::now());
        self.send(answers).await?;
        if self.link.line().is_none() {
            return Ok(());
        }
        self.unanswered += 1;
        if self.unanswered >= Dialect::Assembly::UNANSWERED_MAX {
            return self.broke("it no longer answers").await;
        }
        Ok(())
    }

    /// The connection cannot be used any more.
    async fn broke(&mut self, problem: &str) -> Result<(), Over> {
        let error = ProviderError::Unavailable {
            provider: self.provider(),
            problem: problem.to_owned(),
        };
        self.lost(Failure::passing(error)).await
    }

    /// Waits for another connection, where one may help.
    async fn lost(&mut self, failure: Failure) -> Result<(), Over> {
        let wait = failure.retry_after.and(wait_before(self.tries));
        let Some(wait) = wait else {
            let known = self.assembly.give_up();
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
            if matches!(event, SttEvent::Interim { .. } | SttEvent::Settled { .. }) {
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
