//! The threads of the embedded chat model. One owns the model and starts the workers; a worker
//! takes the next errand from the board and does one slice of it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use offhook_contract::ProviderError;

use super::board::{Ask, Board, CallKey, Errand};
use super::config::LlamaChatConfig;
use super::desk::{Desk, Progress};
use super::load_error::LlamaLoadError;
use super::seat::{Seat, Snapshot};
use super::shelf::Shelf;
use super::weights::Weights;

/// Seats of calls that are over which are kept for the next.
const SPARE_MAX: usize = 2;
/// Openings of calls (instructions and greeting) that are kept for the next.
const SNAPSHOTS_MAX: usize = 4;
/// Shortest opening that is worth keeping, and gain that is worth taking it over, in tokens.
const SNAPSHOT_GAIN_MIN: usize = 16;

/// The running threads. Dropping it stops them.
#[derive(Debug)]
pub(super) struct Engine {
    board: Arc<Board>,
    owner: Option<JoinHandle<()>>,
}

impl Engine {
    /// Loads the model and starts the workers; returns when they wait for work.
    pub(super) fn start(
        config: LlamaChatConfig,
        board: Arc<Board>,
    ) -> Result<Self, LlamaLoadError> {
        let (ready, is_ready) = sync_channel(1);
        let for_owner = Arc::clone(&board);
        let owner = thread::Builder::new()
            .name("chat-model".to_owned())
            .spawn(move || own(&config, &for_owner, &ready))
            .map_err(|error| not_started(&error))?;
        let engine = Self {
            board,
            owner: Some(owner),
        };
        match is_ready.recv() {
            Ok(result) => result.map(|()| engine),
            Err(_) => Err(LlamaLoadError::NotStarted {
                problem: "its thread ended while it loaded the model".to_owned(),
            }),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.board.close();
        if let Some(owner) = self.owner.take() {
            // A panic of the owner has been reported by the panic hook.
            let _ = owner.join();
        }
    }
}

fn not_started(error: &std::io::Error) -> LlamaLoadError {
    LlamaLoadError::NotStarted {
        problem: error.to_string(),
    }
}

fn own(config: &LlamaChatConfig, board: &Board, ready: &SyncSender<Result<(), LlamaLoadError>>) {
    let tell = |result| {
        // Without a listener the engine is being dropped, and the board is closed.
        let _ = ready.send(result);
    };
    let weights = match Weights::load(&config.model) {
        Ok(weights) => weights,
        Err(error) => return tell(Err(error)),
    };
    let office = Office::new(&weights, config);
    thread::scope(|scope| {
        for index in 0..config.workers.max(1) {
            let started = thread::Builder::new()
                .name(format!("chat-{index}"))
                .spawn_scoped(scope, || {
                    step_back(config.nice);
                    office.serve(board);
                });
            if let Err(error) = started {
                board.close();
                return tell(Err(not_started(&error)));
            }
        }
        tell(Ok(()));
    });
}

/// Steps the calling thread, and those that it starts, back. On Linux the priority belongs to the
/// thread; elsewhere it would be the whole process, which is left as it is.
fn step_back(nice: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, nice.clamp(0, 19)) {
        tracing::debug!(%error, "the chat model's thread keeps its priority");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

/// What the workers share: all calls' memory.
struct Office<'weights> {
    weights: &'weights Weights,
    config: &'weights LlamaChatConfig,
    desks: Mutex<HashMap<CallKey, Desk<'weights>>>,
    spare: Mutex<Vec<Seat<'weights>>>,
    snapshots: Mutex<Vec<Snapshot>>,
    shelf: Option<Shelf>,
}

impl<'weights> Office<'weights> {
    fn new(weights: &'weights Weights, config: &'weights LlamaChatConfig) -> Self {
        Self {
            weights,
            config,
            desks: Mutex::default(),
            spare: Mutex::default(),
            snapshots: Mutex::default(),
            shelf: shelf(config),
        }
    }

    /// Works until the board is closed.
    fn serve(&self, board: &Board) {
        while let Some(errand) = board.next() {
            match errand {
                Errand::Close(key) => self.close(key),
                Errand::Work(key, ask) => {
                    let worked = catch_unwind(AssertUnwindSafe(|| self.work(key, ask)));
                    // A panic takes its own call's memory with it, and nothing else.
                    board.done(key, worked.ok().and_then(left));
                }
            }
        }
    }

    fn work(&self, key: CallKey, ask: Option<Ask>) -> Progress {
        let desk = lock(&self.desks).remove(&key);
        let mut desk = match desk.map_or_else(|| self.desk(ask.as_ref()), Ok) {
            Ok(desk) => desk,
            Err(error) => {
                refuse(ask, error);
                return Progress::Idle;
            }
        };
        if let Some(ask) = ask {
            desk.begin(ask);
        }
        let progress = desk.work();
        if progress == Progress::Opened {
            self.keep_opening(&desk.seat);
        }
        lock(&self.desks).insert(key, desk);
        progress
    }

    fn close(&self, key: CallKey) {
        let Some(desk) = lock(&self.desks).remove(&key) else {
            return;
        };
        let mut spare = lock(&self.spare);
        if spare.len() < SPARE_MAX {
            spare.push(desk.seat);
        }
    }

    /// A desk for a new call, in the seat that has read the most of what it begins with.
    fn desk(&self, ask: Option<&Ask>) -> Result<Desk<'weights>, ProviderError> {
        let wanted = match ask {
            Some(Ask::Open { messages, .. }) => self.weights.opening(messages).tokens,
            _ => Vec::new(),
        };
        let spare = {
            let mut spare = lock(&self.spare);
            let best = (0..spare.len()).max_by_key(|index| spare[*index].shared_with(&wanted));
            best.map(|index| spare.swap_remove(index))
        };
        let mut seat = spare.map_or_else(|| Seat::new(self.weights, self.config), Ok)?;
        let snapshots = lock(&self.snapshots);
        let best = snapshots
            .iter()
            .max_by_key(|snapshot| snapshot.shared_with(&wanted));
        if let Some(best) = best
            && best.shared_with(&wanted) >= seat.shared_with(&wanted) + SNAPSHOT_GAIN_MIN
        {
            seat.restore(best)?;
        } else if let Some(shelf) = &self.shelf
            && wanted.len() >= seat.shared_with(&wanted) + SNAPSHOT_GAIN_MIN
        {
            shelf.fetch(&mut seat, &wanted);
        }
        Ok(Desk::new(seat, self.weights, self.config))
    }

    fn keep_opening(&self, seat: &Seat<'_>) {
        let mut snapshots = lock(&self.snapshots);
        if seat.len() < SNAPSHOT_GAIN_MIN || snapshots.iter().any(|kept| kept.is_of(seat)) {
            return;
        }
        if let Some(shelf) = &self.shelf {
            shelf.keep(seat);
        }
        if let Some(snapshot) = seat.snapshot() {
            if snapshots.len() >= SNAPSHOTS_MAX {
                snapshots.remove(0);
            }
            snapshots.push(snapshot);
        }
    }
}

fn left(progress: Progress) -> Option<super::board::Urgency> {
    match progress {
        Progress::Left(urgency) => Some(urgency),
        Progress::Opened | Progress::Idle => None,
    }
}

fn refuse(ask: Option<Ask>, error: ProviderError) {
    match ask {
        Some(Ask::Reply { mut outgoing, .. }) => outgoing.fail(error),
        Some(Ask::Open { done, .. }) => {
            // Whoever asked may have gone; then nobody is left to tell.
            let _ = done.send(Err(error));
        }
        Some(Ask::Prime(_)) | None => {}
    }
}

/// The openings on disk, where that is wanted and possible.
fn shelf(config: &LlamaChatConfig) -> Option<Shelf> {
    let folder = config.openings.as_deref()?;
    match Shelf::new(folder, &config.model) {
        Ok(shelf) => Some(shelf),
        Err(error) => {
            tracing::debug!(%error, "openings of calls are not kept on disk");
            None
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
