//! One reply: models are asked one after the other, or side by side, until one writes; where it
//! stops in the middle, another goes on.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use offhook_contract::{ChatEvent, ChatReply, ChatRequest, ProviderError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::StandbyLimits;
use super::chat::{Call, tried};
use super::health::Health;
use super::lineup::{Next, Queue, tried_aside};
use super::resumption::{Resumption, rest_of};
use crate::hosted::{malformed, too_slow};

/// The next model is never asked as well before this: no model is that quick all day.
const HEDGE_AFTER_MIN: Duration = Duration::from_millis(300);

/// Models that are asked at the same time.
const SIDE_BY_SIDE_MAX: usize = 2;

pub(super) struct Writing {
    call: Arc<Call>,
    limits: StandbyLimits,
    request: ChatRequest,
    pieces: mpsc::Sender<ChatEvent>,
    queue: Queue,
    /// What was passed on.
    told: String,
}

/// What ends a reply early.
enum Stop {
    /// The model that wrote failed; another may go on.
    Broke(ProviderError),
    /// Nobody listens.
    Unwanted,
}

impl Writing {
    pub(super) fn new(
        call: Arc<Call>,
        request: ChatRequest,
        pieces: mpsc::Sender<ChatEvent>,
    ) -> Self {
        Self {
            limits: call.shared.limits,
            queue: call.shared.lineup.queue(),
            call,
            request,
            pieces,
            told: String::new(),
        }
    }

    pub(super) async fn run(mut self) {
        if let Some(due) = self.queue.due {
            let trial = tried(self.call.clone(), due, self.request.clone());
            let lineup = &self.call.shared.lineup;
            tried_aside(lineup, due, self.limits.first_text, trial);
        }
        let last = match self.write().await {
            Ok(Some(last)) => last,
            Ok(None) => return,
            Err(()) => ChatEvent::Failed(self.queue.into_problem()),
        };
        // The call may have ended meanwhile.
        let _ = self.pieces.send(last).await;
    }

    /// The end of the reply; `None` where nobody listens, an error where no model is left.
    async fn write(&mut self) -> Result<Option<ChatEvent>, ()> {
        loop {
            let attempt = self.begun().await?;
            let place = attempt.place;
            match self.pass_on(attempt).await {
                Ok(last) => return Ok(Some(last)),
                Err(Stop::Unwanted) => return Ok(None),
                Err(Stop::Broke(problem)) => self.failed(place, problem),
            }
        }
    }

    fn failed(&mut self, place: usize, problem: ProviderError) {
        tracing::warn!("chat model {} of the list failed: {problem}", place + 1);
        if let Some(health) = self.call.shared.lineup.health(place) {
            health.failed();
        }
        self.queue.failed(place, problem);
    }

    /// A model that writes.
    async fn begun(&mut self) -> Result<Attempt, ()> {
        let give_up = Instant::now() + self.limits.first_text_of_any;
        let mut race: Vec<Attempt> = Vec::with_capacity(SIDE_BY_SIDE_MAX);
        loop {
            if race.is_empty() {
                let Next { place, after } = self.queue.next().ok_or(())?;
                sleep(after).await;
                race.push(self.asked(place));
            }
            let hedge_at = self.hedge_at(&race);
            let overdue_at = race.iter().map(|it| it.asked_at).min();
            let overdue_at = overdue_at.map(|it| it + self.limits.first_text);
            let wake_at = [hedge_at, overdue_at].into_iter().flatten().min();
            let wake_at = wake_at.unwrap_or(give_up).min(give_up);
            let step = tokio::select! {
                biased;
                step = next_of(&mut race) => Some(step),
                () = sleep_until(wake_at) => None,
            };
            let now = Instant::now();
            match step {
                Some((index, event)) => {
                    if self.take_first(&mut race, index, event) {
                        return Ok(self.won(race, index));
                    }
                }
                None if now >= give_up => {
                    self.overdue(&mut race, self.limits.first_text_of_any, Duration::ZERO);
                    return Err(());
                }
                None if hedge_at.is_some_and(|at| at <= now) => {
                    if let Some(next) = self.queue.next() {
                        race.push(self.asked(next.place));
                    }
                }
                None => self.overdue(&mut race, self.limits.first_text, self.limits.first_text),
            }
        }
    }

    fn asked(&self, place: usize) -> Attempt {
        let request = match self.told.is_empty() {
            true => self.request.clone(),
            false => rest_of(&self.request, &self.told),
        };
        let call = self.call.clone();
        let source = async move { Ok(call.opened(place).await?.reply(request)) };
        Attempt {
            place,
            asked_at: Instant::now(),
            source: Source::Opening(source.boxed()),
            text: String::new(),
            last: None,
        }
    }

    fn health(&self, place: usize) -> Option<&Health> {
        self.call.shared.lineup.health(place)
    }

    /// When the next model is asked as well.
    fn hedge_at(&self, race: &[Attempt]) -> Option<Instant> {
        let most = self.limits.hedge_after_max?;
        let newest = race.last().filter(|_| race.len() < SIDE_BY_SIDE_MAX)?;
        let usual = self.health(newest.place).and_then(Health::p95);
        // A quarter more, or the slowest of a steady model would meet its own double.
        let usual = usual.map_or(most, |it| it + it / 4);
        let wait = usual.max(HEDGE_AFTER_MIN).min(most);
        self.queue.has_fresh().then(|| newest.asked_at + wait)
    }

    /// Takes what a model of the race says; whether it is the one.
    fn take_first(
        &mut self,
        race: &mut Vec<Attempt>,
        index: usize,
        event: Result<Option<ChatEvent>, ProviderError>,
    ) -> bool {
        let Some(attempt) = race.get_mut(index) else {
            return false;
        };
        let problem = match event {
            Ok(Some(ChatEvent::Text(text))) => {
                attempt.text.push_str(&text);
                return attempt.text.contains(char::is_alphanumeric);
            }
            Ok(Some(last @ ChatEvent::Finished { .. })) => {
                if !self.told.is_empty() && Resumption::after(&self.told).may_be_whole() {
                    attempt.last = Some(last);
                    return true;
                }
                malformed(
                    "chat model",
                    "it wrote nothing that can be spoken".to_owned(),
                )
            }
            Ok(Some(ChatEvent::Failed(problem))) | Err(problem) => problem,
            Ok(None) => cut(),
        };
        let attempt = race.swap_remove(index);
        self.failed(attempt.place, problem);
        false
    }

    /// The model that won; what the others would have needed is remembered.
    fn won(&self, mut race: Vec<Attempt>, index: usize) -> Attempt {
        let winner = race.swap_remove(index);
        if let Some(health) = self.health(winner.place) {
            health.succeeded(winner.asked_at.elapsed());
        }
        for other in race {
            if let Some(health) = self.health(other.place) {
                health.outrun(other.asked_at.elapsed());
            }
        }
        winner
    }

    /// Gives those up that have had `limit`.
    fn overdue(&mut self, race: &mut Vec<Attempt>, waited: Duration, limit: Duration) {
        let is_late = |it: &mut Attempt| it.asked_at.elapsed() >= limit;
        for attempt in race.extract_if(.., is_late) {
            self.failed(attempt.place, too_slow("chat model", waited));
        }
    }

    /// Passes on what the model writes, after what was passed on before.
    async fn pass_on(&mut self, mut attempt: Attempt) -> Result<ChatEvent, Stop> {
        let mut resumption = (!self.told.is_empty()).then(|| Resumption::after(&self.told));
        let begun = std::mem::take(&mut attempt.text);
        self.tell(&mut resumption, begun).await?;
        let mut next = attempt.last.take().map(|last| Ok(Some(last)));
        loop {
            let event = match next.take() {
                Some(event) => event,
                None => match timeout(self.limits.next_text, attempt.next()).await {
                    Ok(event) => event,
                    Err(_) => Err(too_slow("chat model", self.limits.next_text)),
                },
            };
            let problem = match event {
                Ok(Some(ChatEvent::Text(text))) => {
                    self.tell(&mut resumption, text).await?;
                    continue;
                }
                Ok(Some(last @ ChatEvent::Finished { .. })) => {
                    if let Some(rest) = resumption.as_mut().and_then(Resumption::finish) {
                        self.send(rest).await?;
                    }
                    return Ok(last);
                }
                Ok(Some(ChatEvent::Failed(problem))) | Err(problem) => problem,
                Ok(None) => cut(),
            };
            return Err(Stop::Broke(problem));
        }
    }

    async fn tell(
        &mut self,
        resumption: &mut Option<Resumption>,
        text: String,
    ) -> Result<(), Stop> {
        let new = match resumption {
            Some(resumption) => resumption.push(text),
            None => Some(text),
        };
        match new.filter(|text| !text.is_empty()) {
            Some(text) => self.send(text).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, text: String) -> Result<(), Stop> {
        self.told.push_str(&text);
        let sent = self.pieces.send(ChatEvent::Text(text)).await;
        sent.map_err(|_| Stop::Unwanted)
    }
}

/// A model that was asked. Dropping it ends its reply.
struct Attempt {
    place: usize,
    asked_at: Instant,
    source: Source,
    /// What it wrote before it was known that it writes.
    text: String,
    /// It finished at once, which is fine where nothing was left to say.
    last: Option<ChatEvent>,
}

enum Source {
    Opening(BoxFuture<'static, Result<ChatReply, ProviderError>>),
    Writing(ChatReply),
}

type Event = Result<Option<ChatEvent>, ProviderError>;

impl Attempt {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        loop {
            match &mut self.source {
                Source::Writing(reply) => return reply.poll_recv(context).map(Ok),
                Source::Opening(opening) => match opening.poll_unpin(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(reply)) => self.source = Source::Writing(reply),
                    Poll::Ready(Err(problem)) => return Poll::Ready(Err(problem)),
                },
            }
        }
    }

    async fn next(&mut self) -> Event {
        poll_fn(|context| self.poll(context)).await
    }
}

/// The next that any of them says, and who it is.
async fn next_of(race: &mut [Attempt]) -> (usize, Event) {
    poll_fn(|context| {
        for (index, attempt) in race.iter_mut().enumerate() {
            if let Poll::Ready(event) = attempt.poll(context) {
                return Poll::Ready((index, event));
            }
        }
        Poll::Pending
    })
    .await
}

fn cut() -> ProviderError {
    ProviderError::Unavailable {
        provider: "chat model".to_owned(),
        problem: "its reply ended in the middle".to_owned(),
    }
}
