//! The threads on which the ears think: as many as the machine has cores to spare, below the
//! priority of the threads that move audio, and never an async worker.
//!
//! Two kinds of thread: *listening* threads carry every call's light, steady work (resampling,
//! voice activity, book-keeping) as tasks of their own small runtimes; *inference* threads run
//! one pass of a model at a time.
//!
//! A pool can also run all of it in place, on the runtime of whoever opens a call. There a pass
//! takes no time of a paused clock, so that a bench in virtual time gives the same scores always.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

/// Passes that may wait. A call has at most two, so that more means a machine that is lost.
const QUEUE_MAX: usize = 256;
/// How far listening threads step back (`nice`): voice activity decides when the agent stops.
const LISTENING_NICE: i32 = 1;
/// How far inference threads step back.
const INFERENCE_NICE: i32 = 5;

/// How many threads of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads for resampling, voice activity and denoising; one carries about 200 calls in which
    /// nobody speaks, or 35 in which everybody does and is denoised.
    pub listening: usize,
    /// Threads for recognition and end of turn.
    pub inference: usize,
}

impl PoolSize {
    /// What suits a machine of `cores`: one listening thread for four cores, and half the cores
    /// for inference but at least two, so that recognition and end of turn, which begin at the
    /// same moment, need not wait for each other.
    #[must_use]
    pub fn for_cores(cores: usize) -> Self {
        Self {
            listening: cores.div_ceil(4).max(1),
            inference: (cores / 2).max(2),
        }
    }

    /// How many passes of one model can run at once: as many as half the inference threads, for
    /// each takes the memory of the weights again.
    #[must_use]
    pub const fn lanes(self) -> usize {
        if self.inference < 4 {
            1
        } else {
            self.inference / 2
        }
    }

    /// [`PoolSize::for_cores`] of this machine.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::for_cores(thread::available_parallelism().map_or(1, usize::from))
    }
}

/// Whether a pass must be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for it.
    Owed,
    /// It is run if a thread is free now, and otherwise refused.
    Optional,
}

/// No thread is free for an optional pass, or too many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all inference threads are busy")]
pub(super) struct Busy;

/// Where the ears think: on threads of the pool's own, or in place.
#[derive(Debug)]
pub(super) enum InferencePool {
    /// On threads.
    Threads(Threads),
    /// On the runtime of whoever asks.
    InPlace,
}

/// The threads. They end when the pool is dropped, after the pass that they are in.
#[derive(Debug)]
pub(super) struct Threads {
    queue: Arc<Queue>,
    listening: Vec<Handle>,
    next_listening: AtomicUsize,
    inference: usize,
    _stop: watch::Sender<()>,
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    idle: usize,
    is_closed: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting = self.lock();
        write!(
            formatter,
            "Queue({} waiting, {} idle)",
            waiting.jobs.len(),
            waiting.idle
        )
    }
}

impl InferencePool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's error where a thread cannot be started.
    pub(super) fn start(size: PoolSize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (stop, stopped) = watch::channel(());
        let listening = (0..size.listening.max(1))
            .map(|index| start_listening(index, stopped.clone()))
            .collect::<Result<_, _>>()?;
        let inference = size.inference.max(1);
        let next_listening = AtomicUsize::new(0);
        let threads = Threads {
            queue,
            listening,
            next_listening,
            inference,
            _stop: stop,
        };
        for index in 0..inference {
            let queue = Arc::clone(&threads.queue);
            thread::Builder::new()
                .name(format!("inference-{index}"))
                .spawn(move || {
                    lower_priority(INFERENCE_NICE);
                    queue.work();
                })?;
        }
        Ok(Self::Threads(threads))
    }

    /// Carries a call's task on one of the listening threads, or in place on the runtime that it
    /// is called from, until it ends by itself.
    pub(super) fn listen(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Threads(threads) => threads.listen(task),
            Self::InPlace => {
                tokio::spawn(task);
            }
        }
    }

    /// Runs `work` on an inference thread, or at once. The receiver fails where the work
    /// panicked.
    ///
    /// # Errors
    /// [`Busy`]; the work was dropped.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        urgency: Urgency,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Busy> {
        match self {
            Self::Threads(threads) => threads.submit(urgency, work),
            Self::InPlace => {
                let (answer, receiver) = oneshot::channel();
                run(Box::new(move || {
                    // The receiver is still here.
                    let _ = answer.send(work());
                }));
                Ok(receiver)
            }
        }
    }
}

impl Threads {
    fn listen(&self, task: impl Future<Output = ()> + Send + 'static) {
        let index = self.next_listening.fetch_add(1, Ordering::Relaxed) % self.listening.len();
        self.listening[index].spawn(task);
    }

    fn submit<T: Send + 'static>(
        &self,
        urgency: Urgency,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Busy> {
        let mut waiting = self.queue.lock();
        let has_room = match urgency {
            Urgency::Owed => waiting.jobs.len() < QUEUE_MAX,
            // One thread is kept for what is owed, where there is more than one.
            Urgency::Optional => {
                waiting.jobs.len() + usize::from(self.inference > 1) < waiting.idle
            }
        };
        if !has_room {
            return Err(Busy);
        }
        let (answer, receiver) = oneshot::channel();
        waiting.jobs.push_back(Box::new(move || {
            // Nobody may be waiting any more: the call can have ended.
            let _ = answer.send(work());
        }));
        drop(waiting);
        self.queue.changed.notify_one();
        Ok(receiver)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            run(job);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        waiting.idle += 1;
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                waiting.idle -= 1;
                return Some(job);
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn run(job: Job) {
    if catch_unwind(AssertUnwindSafe(job)).is_err() {
        tracing::error!("a model pass panicked; its call was told");
    }
}

fn start_listening(index: usize, mut stopped: watch::Receiver<()>) -> std::io::Result<Handle> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name(format!("listening-{index}"))
        .spawn(move || {
            lower_priority(LISTENING_NICE);
            runtime.block_on(async {
                // The sender is never used: this ends when the pool is dropped.
                while stopped.changed().await.is_ok() {}
            });
        })?;
    Ok(handle)
}

/// Steps the calling thread back. On Linux the priority belongs to the thread; elsewhere it would
/// be the whole process, which is left as it is.
fn lower_priority(nice: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::debug!(%error, "the thread keeps its priority");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn sizes_follow_the_machine() {
        assert_eq!(
            PoolSize::for_cores(1),
            PoolSize {
                listening: 1,
                inference: 2
            }
        );
        assert_eq!(
            PoolSize::for_cores(2),
            PoolSize {
                listening: 1,
                inference: 2
            }
        );
        assert_eq!(
            PoolSize::for_cores(16),
            PoolSize {
                listening: 4,
                inference: 8
            }
        );
    }

    #[test]
    fn optional_work_is_refused_while_all_threads_are_busy() {
        let pool = InferencePool::start(PoolSize {
            listening: 1,
            inference: 1,
        })
        .unwrap();
        let (release, gate) = mpsc::channel::<()>();
        let (entered, inside) = mpsc::channel();
        let first = pool
            .submit(Urgency::Owed, move || {
                entered.send(()).unwrap();
                gate.recv().unwrap();
                1
            })
            .unwrap();
        inside.recv().unwrap();
        assert_eq!(pool.submit(Urgency::Optional, || 2).unwrap_err(), Busy);
        let owed = pool.submit(Urgency::Owed, || 3).unwrap();
        release.send(()).unwrap();
        assert_eq!(
            (first.blocking_recv(), owed.blocking_recv()),
            (Ok(1), Ok(3))
        );
    }

    #[test]
    fn a_panic_ends_its_own_pass_and_no_other() {
        let pool = InferencePool::start(PoolSize {
            listening: 1,
            inference: 1,
        })
        .unwrap();
        let lost = pool.submit(Urgency::Owed, || panic!("on purpose")).unwrap();
        let kept = pool.submit(Urgency::Owed, || 7).unwrap();
        assert!(lost.blocking_recv().is_err());
        assert_eq!(kept.blocking_recv(), Ok(7));
    }

    #[test]
    fn in_place_a_pass_is_over_when_it_was_submitted_and_a_panic_stays_in_it() {
        let pool = InferencePool::InPlace;
        let here = thread::current().id();
        let answer = pool.submit(Urgency::Optional, move || thread::current().id() == here);
        assert_eq!(answer.unwrap().try_recv(), Ok(true));
        let lost = pool.submit(Urgency::Owed, || panic!("on purpose")).unwrap();
        assert!(lost.blocking_recv().is_err());
    }

    #[test]
    fn too_much_owed_work_is_refused() {
        let pool = InferencePool::start(PoolSize {
            listening: 1,
            inference: 1,
        })
        .unwrap();
        let (release, gate) = mpsc::channel::<()>();
        let (entered, inside) = mpsc::channel();
        let first = pool.submit(Urgency::Owed, move || {
            entered.send(()).unwrap();
            gate.recv().is_ok()
        });
        inside.recv().unwrap();
        let queued: Vec<_> = (0..QUEUE_MAX)
            .map(|_| pool.submit(Urgency::Owed, || ()).unwrap())
            .collect();
        assert_eq!(pool.submit(Urgency::Owed, || ()).unwrap_err(), Busy);
        release.send(()).unwrap();
        assert_eq!(first.unwrap().blocking_recv(), Ok(true));
        assert!(queued.into_iter().all(|done| done.blocking_recv().is_ok()));
    }

    #[test]
    fn tasks_are_carried_on_a_listening_thread() {
        let pool = InferencePool::start(PoolSize {
            listening: 1,
            inference: 1,
        })
        .unwrap();
        let (name, named) = oneshot::channel();
        pool.listen(async move {
            let _ = name.send(thread::current().name().map(str::to_owned));
        });
        assert_eq!(
            named.blocking_recv().unwrap().as_deref(),
            Some("listening-0")
        );
    }
}
