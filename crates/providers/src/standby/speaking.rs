//! One reply: its pieces go to one voice, and what is left of them to the next where that one stops.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText, TextSpan,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::delivery::{Pace, Piece, is_audible};
use super::lineup::{Queue, tried_aside};
use super::voice::Shared;
use crate::hosted::{malformed, too_slow};

/// Pieces whose sound is not made yet.
const PIECES_MAX: usize = 64;
/// Silence with which a voice may begin.
const SILENCE_MAX: Duration = Duration::from_millis(1_500);
/// Sound that is still to be heard lets a voice that stands still be waited for so long at most.
const PATIENCE_MAX: Duration = Duration::from_secs(3);
/// A voice that nobody can stand in for gets more time than another.
const LAST_FACTOR: u32 = 3;

pub(super) struct Speaking {
    shared: Arc<Shared>,
    request: SpeechRequest,
    events: mpsc::Sender<SpeechEvent>,
    queue: Queue,
    /// What is not said to its end, in order.
    pieces: VecDeque<Piece>,
    is_complete: bool,
    /// When all that was made so far is heard, where it is heard at once.
    heard_at: Option<Instant>,
}

/// A voice that speaks.
struct Voice {
    place: usize,
    text: Option<mpsc::Sender<SpokenText>>,
    events: mpsc::Receiver<SpeechEvent>,
    pace: Pace,
    /// How many of the pieces it was given.
    given: usize,
    /// When it was last given something or gave something.
    moved_at: Instant,
    /// When it got the first piece.
    asked_at: Option<Instant>,
    has_spoken: bool,
    /// Silence before its first sound.
    held: Vec<SpeechAudio>,
}

/// Why a voice is left.
enum Stop {
    Broke(ProviderError),
    /// Nobody listens.
    Unwanted,
}

impl Speaking {
    pub(super) fn new(
        shared: Arc<Shared>,
        request: SpeechRequest,
        events: mpsc::Sender<SpeechEvent>,
    ) -> Self {
        Self {
            queue: shared.lineup.queue(),
            shared,
            request,
            events,
            pieces: VecDeque::new(),
            is_complete: false,
            heard_at: None,
        }
    }

    /// Speaks what comes from `texts`, until it is said or no voice is left.
    pub(super) async fn run(
        mut self,
        mut texts: mpsc::Receiver<SpokenText>,
    ) -> Result<(), ProviderError> {
        self.try_aside();
        loop {
            let Some(next) = self.queue.next() else {
                return Err(self.queue.into_problem());
            };
            sleep(next.after).await;
            let place = next.place;
            let spoken = match self.opened(place).await {
                Ok(voice) => self.speak(voice, &mut texts).await,
                Err(problem) => Err(Stop::Broke(problem)),
            };
            match spoken {
                Ok(()) | Err(Stop::Unwanted) => return Ok(()),
                Err(Stop::Broke(problem)) => self.failed(place, problem),
            }
            if self.is_complete && self.pieces.is_empty() {
                return Ok(());
            }
        }
    }

    /// A voice that is passed over is tried with a word that nobody hears.
    fn try_aside(&self) {
        let Some(place) = self.queue.due else { return };
        // What it has kept would tell nothing of the voice.
        let request = SpeechRequest {
            is_phrase: false,
            ..self.shared.request_for(place, &self.request)
        };
        let Some(voice) = self.shared.lineup.provider(place).cloned() else {
            return;
        };
        let trial = async move {
            let SpeechStream { text, mut events } = voice.open(request).await.ok()?;
            let word = SpokenText {
                text: "Hello.".to_owned(),
                span: TextSpan { start: 0, end: 6 },
            };
            text.send(word).await.ok()?;
            drop(text);
            loop {
                match events.recv().await? {
                    SpeechEvent::Audio(audio) if is_audible(&audio) => return Some(()),
                    SpeechEvent::Audio(_) => {}
                    SpeechEvent::Failed(_) => return None,
                }
            }
        };
        tried_aside(
            &self.shared.lineup,
            place,
            self.shared.limits.first_audio,
            trial,
        );
    }

    async fn opened(&self, place: usize) -> Result<Voice, ProviderError> {
        let lineup = &self.shared.lineup;
        let Some(voice) = lineup.provider(place) else {
            return Err(Queue::default().into_problem());
        };
        let request = self.shared.request_for(place, &self.request);
        let limit = self.patience(self.shared.limits.first_audio);
        let opened = timeout(limit, voice.open(request)).await;
        let SpeechStream { text, events } = opened.map_err(|_| too_slow("voice", limit))??;
        Ok(Voice {
            place,
            text: Some(text),
            events,
            pace: self.shared.pace(place),
            given: 0,
            moved_at: Instant::now(),
            asked_at: None,
            has_spoken: false,
            held: Vec::new(),
        })
    }

    fn patience(&self, limit: Duration) -> Duration {
        match self.queue.has_next() {
            true => limit,
            false => limit * LAST_FACTOR,
        }
    }

    /// What is left of the pieces is for the next voice.
    fn failed(&mut self, place: usize, problem: ProviderError) {
        tracing::warn!("voice {} of the list failed: {problem}", place + 1);
        if let Some(health) = self.shared.lineup.health(place) {
            health.failed();
        }
        self.queue.failed(place, problem);
        let pace = self.shared.pace(place);
        let left = self.pieces.drain(..).filter_map(|it| it.for_another(pace));
        self.pieces = left.collect();
    }

    async fn speak(
        &mut self,
        mut voice: Voice,
        texts: &mut mpsc::Receiver<SpokenText>,
    ) -> Result<(), Stop> {
        loop {
            if self.is_complete && voice.given == self.pieces.len() {
                voice.text = None;
            }
            let has_room = !self.is_complete && self.pieces.len() < PIECES_MAX;
            let has_more = voice.given < self.pieces.len();
            let deadline = self.deadline(&voice);
            let listener = voice.text.clone();
            tokio::select! {
                biased;
                text = texts.recv(), if has_room => match text {
                    Some(text) => self.pieces.push_back(Piece::new(text)),
                    None => self.is_complete = true,
                },
                place = room(&listener), if has_more => {
                    let (Some(place), Some(piece)) = (place, self.pieces.get(voice.given)) else {
                        // Its other end says why it does not listen.
                        voice.text = None;
                        voice.given = self.pieces.len();
                        continue;
                    };
                    place.send(piece.text.clone());
                    voice.given += 1;
                    voice.moved_at = Instant::now();
                    voice.asked_at.get_or_insert(voice.moved_at);
                }
                event = voice.events.recv() => match event {
                    Some(SpeechEvent::Audio(audio)) => self.take(&mut voice, audio).await?,
                    Some(SpeechEvent::Failed(problem)) => return Err(Stop::Broke(problem)),
                    None => return self.ended(&voice),
                },
                () = at(deadline) => {
                    let waited = voice.moved_at.elapsed();
                    return Err(Stop::Broke(too_slow("voice", waited)));
                }
            }
        }
    }

    /// Until when the voice has to go on; `None` where nothing is owed.
    fn deadline(&self, voice: &Voice) -> Option<Instant> {
        let limits = &self.shared.limits;
        let given = || self.pieces.iter().take(voice.given);
        let current = given().rfind(|piece| !piece.made.is_zero());
        let is_within = current.is_some_and(|piece| !piece.may_be_whole(voice.pace));
        let limit = if is_within {
            limits.next_audio
        } else if given().any(|piece| piece.made.is_zero()) {
            limits.first_audio
        } else if voice.text.is_none() {
            limits.next_audio
        } else {
            return None;
        };
        let limit = self.patience(limit);
        let longest = voice.moved_at + limit.max(PATIENCE_MAX);
        let heard_at = self.heard_at.unwrap_or(voice.moved_at);
        Some((voice.moved_at + limit).max(heard_at.min(longest)))
    }

    async fn take(&mut self, voice: &mut Voice, audio: SpeechAudio) -> Result<(), Stop> {
        voice.moved_at = Instant::now();
        let cut = self.begin_piece(voice, audio.span);
        if let Some(problem) = cut {
            return Err(Stop::Broke(problem));
        }
        if !voice.has_spoken && !is_audible(&audio) {
            let silence = |it: &SpeechAudio| it.rate.duration_of(it.samples.len() as u64);
            voice.held.push(audio);
            let length: Duration = voice.held.iter().map(silence).sum();
            return match length > SILENCE_MAX {
                true => Err(Stop::Broke(silent())),
                false => Ok(()),
            };
        }
        if !std::mem::replace(&mut voice.has_spoken, true)
            && let (Some(health), Some(asked_at)) =
                (self.shared.lineup.health(voice.place), voice.asked_at)
        {
            health.succeeded(asked_at.elapsed());
        }
        for held in std::mem::take(&mut voice.held) {
            self.give(held).await?;
        }
        self.give(audio).await?;
        // What the call had no room for was no delay of the voice.
        voice.moved_at = Instant::now();
        Ok(())
    }

    /// The piece of `span` is being said: those before it are over. Says what is wrong where one of
    /// them was cut.
    fn begin_piece(&mut self, voice: &mut Voice, span: TextSpan) -> Option<ProviderError> {
        let is_it = |piece: &Piece| piece.text.span.end >= span.end;
        let place = self.pieces.iter().position(is_it)?;
        for _ in 0..place.min(voice.given) {
            let first = self.pieces.front()?;
            if first.is_cut() {
                return Some(truncated());
            }
            voice.pace.learn(first);
            self.pieces.pop_front();
            voice.given -= 1;
        }
        self.shared.learn(voice.place, voice.pace);
        None
    }

    async fn give(&mut self, mut audio: SpeechAudio) -> Result<(), Stop> {
        let is_it = |piece: &&mut Piece| piece.text.span.end >= audio.span.end;
        if let Some(piece) = self.pieces.iter_mut().find(is_it) {
            piece.take(&audio);
            audio.span = piece.whole;
        }
        let length = audio.rate.duration_of(audio.samples.len() as u64);
        let now = Instant::now();
        self.heard_at = Some(self.heard_at.map_or(now, |it| it.max(now)) + length);
        let sent = self.events.send(SpeechEvent::Audio(audio)).await;
        sent.map_err(|_| Stop::Unwanted)
    }

    /// The voice has said all that it says.
    fn ended(&mut self, voice: &Voice) -> Result<(), Stop> {
        let is_early = !self.is_complete || voice.given < self.pieces.len();
        if is_early || self.pieces.iter().any(Piece::is_cut) {
            return Err(Stop::Broke(truncated()));
        }
        let mut pace = voice.pace;
        self.pieces.iter().for_each(|piece| pace.learn(piece));
        self.shared.learn(voice.place, pace);
        Ok(())
    }
}

/// Room for one more piece; `None` where the voice does not listen any more.
async fn room(text: &Option<mpsc::Sender<SpokenText>>) -> Option<mpsc::Permit<'_, SpokenText>> {
    text.as_ref()?.reserve().await.ok()
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn truncated() -> ProviderError {
    ProviderError::Unavailable {
        provider: "voice".to_owned(),
        problem: "it did not say all of the text".to_owned(),
    }
}

fn silent() -> ProviderError {
    malformed(
        "voice",
        "it sent silence where speech was asked for".to_owned(),
    )
}
