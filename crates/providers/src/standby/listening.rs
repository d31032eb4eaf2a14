//! One call: its audio goes to one recogniser, and what was not settled to the next where that one
//! is lost.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use offhook_contract::{ProviderError, SttEvent, SttInput, SttRequest, SttStream, UtteranceId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::lineup::Queue;
use super::recognition::Shared;
use super::replay::Replay;
use crate::hosted::too_slow;

/// What waits for a recogniser that does not take it: eight seconds of audio.
const WAITING_MAX: usize = 400;
/// Room that is kept for it once all is sent.
const WAITING_KEPT: usize = 16;

pub(super) struct Listening {
    shared: Arc<Shared>,
    request: SttRequest,
    events: mpsc::Sender<SttEvent>,
    queue: Queue,
    replay: Replay,
    /// What the recogniser is still to be sent.
    waiting: VecDeque<SttInput>,
    /// When the recogniser last said something, or something was first expected of it.
    moved_at: Instant,
    /// When an answer is due.
    answer_at: Option<Instant>,
    /// One that was silent while the caller spoke; whether that was its fault shows with the next.
    suspect: Option<(usize, UtteranceId)>,
    /// Others were asked since an utterance was settled last.
    has_changed: bool,
}

/// A recogniser.
enum Link {
    Up(usize, SttStream),
    Opening(usize, BoxFuture<'static, Result<SttStream, ProviderError>>),
}

/// The call is over, or its recognition is.
struct Over;

#[expect(
    clippy::large_enum_variant,
    reason = "a frame lies inside the value, so that passing it on allocates nothing"
)]
enum Step {
    Input(Option<SttInput>),
    Sent,
    Event(Option<SttEvent>),
    Opened(Result<SttStream, ProviderError>),
    Late,
    Dropped,
}

impl Listening {
    pub(super) fn new(
        shared: Arc<Shared>,
        request: SttRequest,
        events: mpsc::Sender<SttEvent>,
        queue: Queue,
    ) -> Self {
        Self {
            replay: Replay::new(request.rate),
            shared,
            request,
            events,
            queue,
            waiting: VecDeque::new(),
            moved_at: Instant::now(),
            answer_at: None,
            suspect: None,
            has_changed: false,
        }
    }

    pub(super) async fn run(
        mut self,
        place: usize,
        stream: SttStream,
        mut inputs: mpsc::Receiver<SttInput>,
    ) {
        let mut link = Link::Up(place, stream);
        let mut is_open = true;
        while is_open || self.replay.is_owed() {
            let late_at = self.late_at(&link);
            let step = tokio::select! {
                biased;
                () = self.events.closed() => Step::Dropped,
                input = inputs.recv(), if is_open => Step::Input(input),
                step = link.next(&mut self.waiting) => step,
                () = at(late_at) => Step::Late,
            };
            let done = match step {
                Step::Input(Some(input)) => self.take_input(&mut link, input).await,
                Step::Input(None) => {
                    is_open = false;
                    Ok(())
                }
                Step::Sent => Ok(()),
                Step::Event(event) => self.take_event(&mut link, event).await,
                Step::Opened(opened) => self.take_opened(&mut link, opened).await,
                Step::Late => self.late(&mut link).await,
                Step::Dropped => return,
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn take_input(&mut self, link: &mut Link, input: SttInput) -> Result<(), Over> {
        self.replay.take(&input);
        match &input {
            SttInput::UtteranceStarted { .. } => self.moved_at = Instant::now(),
            SttInput::Finalise { .. } => self.owe(),
            SttInput::Audio(_) | SttInput::PauseSuspected { .. } => {}
        }
        if let Link::Up(place, _) = link {
            self.waiting.push_back(input);
            if self.waiting.len() > WAITING_MAX {
                let place = *place;
                return self.lost(link, place, behind()).await;
            }
        }
        Ok(())
    }

    fn owe(&mut self) {
        let due = Instant::now() + self.shared.limits.settle_recognition;
        self.answer_at.get_or_insert(due);
    }

    /// When the recogniser has been silent for too long.
    fn late_at(&self, link: &Link) -> Option<Instant> {
        let Link::Up(place, _) = link else {
            return None;
        };
        let speaking = self.replay.speaking().filter(|utterance| {
            let is_suspected = self.suspect.is_some_and(|(_, it)| it == *utterance);
            !is_suspected && self.shared.tells_at_once(*place)
        });
        let silent_at = speaking.map(|_| self.moved_at + self.shared.limits.silent_recognition);
        [self.answer_at, silent_at].into_iter().flatten().min()
    }

    async fn late(&mut self, link: &mut Link) -> Result<(), Over> {
        let Link::Up(place, _) = link else {
            return Ok(());
        };
        let (place, limits) = (*place, self.shared.limits);
        if self.answer_at.is_some_and(|at| at <= Instant::now()) {
            let problem = too_slow("recogniser", limits.settle_recognition);
            return self.lost(link, place, problem).await;
        }
        self.suspect = self.replay.speaking().map(|utterance| (place, utterance));
        self.queue
            .failed(place, too_slow("recogniser", limits.silent_recognition));
        self.open_next(link).await
    }

    async fn take_event(&mut self, link: &mut Link, event: Option<SttEvent>) -> Result<(), Over> {
        let Link::Up(place, _) = link else {
            return Ok(());
        };
        let place = *place;
        self.moved_at = Instant::now();
        match event {
            Some(SttEvent::Interim { utterance, text }) => {
                self.shared.told_at_once(place);
                self.blame(utterance, &text);
                let told = self.replay.interim(utterance, &text);
                self.tell(utterance, told)
            }
            Some(SttEvent::Settled { utterance }) => match self.replay.is_told(utterance) {
                true => self.pass_on(SttEvent::Settled { utterance }),
                false => Ok(()),
            },
            Some(SttEvent::Final { utterance, text }) => {
                self.blame(utterance, &text);
                match self.replay.settled(utterance, &text) {
                    Some(text) => self.settle(place, utterance, text).await,
                    None => {
                        // Before it was asked for, or once more.
                        let told = self.replay.interim(utterance, &text);
                        self.tell(utterance, told)
                    }
                }
            }
            Some(SttEvent::Failed(problem)) => self.lost(link, place, problem).await,
            None => self.lost(link, place, ended()).await,
        }
    }

    /// Passes on what is believed; dropped where the call does not take it in time.
    fn tell(&self, utterance: UtteranceId, text: Option<String>) -> Result<(), Over> {
        match text {
            Some(text) => self.pass_on(SttEvent::Interim { utterance, text }),
            None => Ok(()),
        }
    }

    fn pass_on(&self, event: SttEvent) -> Result<(), Over> {
        match self.events.try_send(event) {
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Over),
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
        }
    }

    async fn settle(
        &mut self,
        place: usize,
        utterance: UtteranceId,
        text: String,
    ) -> Result<(), Over> {
        self.answer_at = None;
        if self.replay.is_owed() {
            self.owe();
        }
        if std::mem::take(&mut self.has_changed) {
            // It works: should it fail later, all others are asked again.
            self.queue = self.shared.lineup.queue_behind(place);
        }
        let settled = SttEvent::Final { utterance, text };
        self.events.send(settled).await.map_err(|_| Over)
    }

    /// Another heard words where the suspect heard none.
    fn blame(&mut self, utterance: UtteranceId, text: &str) {
        let is_it = |(_, suspected): &mut (usize, UtteranceId)| *suspected == utterance;
        let has_words = text.contains(char::is_alphanumeric);
        if has_words
            && let Some((place, _)) = self.suspect.take_if(is_it)
            && let Some(health) = self.shared.lineup.health(place)
        {
            health.failed();
        }
    }

    async fn lost(
        &mut self,
        link: &mut Link,
        place: usize,
        problem: ProviderError,
    ) -> Result<(), Over> {
        tracing::warn!("recogniser {} of the list is lost: {problem}", place + 1);
        if let Some(health) = self.shared.lineup.health(place) {
            health.failed();
        }
        self.queue.failed(place, problem);
        self.open_next(link).await
    }

    async fn open_next(&mut self, link: &mut Link) -> Result<(), Over> {
        self.waiting = VecDeque::new();
        self.answer_at = None;
        self.has_changed = true;
        let Some(next) = self.queue.next() else {
            return self.give_up().await;
        };
        let (shared, request) = (self.shared.clone(), self.request.clone());
        let opening = async move {
            sleep(next.after).await;
            shared.opened(next.place, request).await
        };
        *link = Link::Opening(next.place, opening.boxed());
        Ok(())
    }

    async fn take_opened(
        &mut self,
        link: &mut Link,
        opened: Result<SttStream, ProviderError>,
    ) -> Result<(), Over> {
        let place = link.place();
        match opened {
            Ok(stream) => {
                self.waiting = self.replay.again();
                self.moved_at = Instant::now();
                if self.replay.is_owed() {
                    self.owe();
                }
                *link = Link::Up(place, stream);
                Ok(())
            }
            Err(problem) => self.lost(link, place, problem).await,
        }
    }

    /// No recogniser is left: what is known is given, and why there is no more.
    async fn give_up(&mut self) -> Result<(), Over> {
        for (utterance, text) in self.replay.give_up() {
            let known = SttEvent::Final { utterance, text };
            self.events.send(known).await.map_err(|_| Over)?;
        }
        let problem = std::mem::take(&mut self.queue).into_problem();
        // The call's recognition is over either way.
        let _ = self.events.send(SttEvent::Failed(problem)).await;
        Err(Over)
    }
}

impl Link {
    const fn place(&self) -> usize {
        match self {
            Self::Up(place, _) | Self::Opening(place, _) => *place,
        }
    }

    /// What happens next; what waits is sent as soon as there is room for it.
    async fn next(&mut self, waiting: &mut VecDeque<SttInput>) -> Step {
        let stream = match self {
            Self::Opening(_, opening) => return Step::Opened(opening.await),
            Self::Up(_, stream) => stream,
        };
        tokio::select! {
            biased;
            event = stream.events.recv() => Step::Event(event),
            room = stream.input.reserve(), if !waiting.is_empty() => {
                match (room, waiting.pop_front()) {
                    (Ok(room), Some(input)) => room.send(input),
                    // Its other end says why it does not listen.
                    _ => waiting.clear(),
                }
                if waiting.is_empty() {
                    waiting.shrink_to(WAITING_KEPT);
                }
                Step::Sent
            }
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn ended() -> ProviderError {
    ProviderError::Unavailable {
        provider: "recogniser".to_owned(),
        problem: "its stream ended while the call was up".to_owned(),
    }
}

fn behind() -> ProviderError {
    ProviderError::Unavailable {
        provider: "recogniser".to_owned(),
        problem: "it takes audio too slowly".to_owned(),
    }
}
