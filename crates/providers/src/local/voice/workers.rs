//! The threads on which speech is made: few, below the priority of the threads that move audio,
//! and never an async worker. Each has its own copy of the network, so that none waits for
//! another.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// Stretches of speech that may wait. Each call has at most one.
const QUEUE_MAX: usize = 256;
/// How far the threads step back (`nice`).
const NICE: i32 = 5;

/// The threads. They end when this is dropped, after the piece that they are in.
pub(super) struct Workers<E> {
    queue: Arc<Queue<E>>,
}

/// More waits than the machine can speak in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{QUEUE_MAX} stretches of speech wait already: take fewer calls, or give the voice more threads"
)]
pub(super) struct Overloaded;

type Job<E> = Box<dyn FnOnce(&mut E) + Send>;

struct Queue<E> {
    waiting: Mutex<Waiting<E>>,
    changed: Condvar,
}

struct Waiting<E> {
    jobs: VecDeque<Job<E>>,
    is_closed: bool,
}

impl<E> std::fmt::Debug for Workers<E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting = self.queue.lock().jobs.len();
        write!(formatter, "Workers({waiting} waiting)")
    }
}

impl<E: Send + 'static> Workers<E> {
    /// Starts one thread for each of `engines`.
    ///
    /// # Errors
    /// The system's error where a thread cannot be started.
    pub(super) fn start(engines: Vec<E>) -> std::io::Result<Self> {
        let waiting = Mutex::new(Waiting {
            jobs: VecDeque::new(),
            is_closed: false,
        });
        let workers = Self {
            queue: Arc::new(Queue {
                waiting,
                changed: Condvar::new(),
            }),
        };
        for (index, mut engine) in engines.into_iter().enumerate() {
            let queue = Arc::clone(&workers.queue);
            thread::Builder::new()
                .name(format!("voice-{index}"))
                .spawn(move || {
                    step_back();
                    queue.work(&mut engine);
                })?;
        }
        Ok(workers)
    }

    /// Queues `work`. The receiver fails where the work panicked; where the receiver is dropped
    /// before the work has begun, it never begins.
    ///
    /// # Errors
    /// [`Overloaded`]; the work was dropped.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut E) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Overloaded> {
        let (answer, receiver) = oneshot::channel();
        let mut waiting = self.queue.lock();
        if waiting.jobs.len() >= QUEUE_MAX {
            return Err(Overloaded);
        }
        waiting.jobs.push_back(Box::new(move |engine| {
            if !answer.is_closed() {
                // The call can have ended meanwhile.
                let _ = answer.send(work(engine));
            }
        }));
        drop(waiting);
        self.queue.changed.notify_one();
        Ok(receiver)
    }
}

impl<E> Drop for Workers<E> {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.changed.notify_all();
    }
}

impl<E> Queue<E> {
    fn lock(&self) -> MutexGuard<'_, Waiting<E>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, engine: &mut E) {
        while let Some(job) = self.next() {
            if catch_unwind(AssertUnwindSafe(|| job(engine))).is_err() {
                tracing::error!("making speech panicked; its call was told");
            }
        }
    }

    fn next(&self) -> Option<Job<E>> {
        let mut waiting = self.lock();
        loop {
            if waiting.is_closed {
                return None;
            }
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Lowers the calling thread's priority. On Linux it belongs to the thread; elsewhere it would be
/// the whole process's, which is left as it is.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a voice thread keeps its priority");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A worker that is inside a job until the sender is used.
    fn busy_worker() -> (Workers<u32>, mpsc::Sender<()>) {
        let workers = Workers::start(vec![7]).unwrap();
        let (release, gate) = mpsc::channel();
        let (entered, inside) = mpsc::channel();
        let first = workers.submit(move |_| {
            entered.send(()).unwrap();
            gate.recv().unwrap();
        });
        inside.recv().unwrap();
        assert!(first.is_ok());
        (workers, release)
    }

    #[test]
    fn work_has_the_engine_and_a_panic_ends_only_itself() {
        let workers = Workers::start(vec![7]).unwrap();
        let lost = workers.submit(|_| panic!("on purpose")).unwrap();
        let kept = workers.submit(|engine: &mut u32| *engine + 1).unwrap();
        assert!(lost.blocking_recv().is_err());
        assert_eq!(kept.blocking_recv(), Ok(8));
    }

    #[test]
    fn work_that_nobody_waits_for_never_begins() {
        let (workers, release) = busy_worker();
        let (ran, runs) = mpsc::channel();
        drop(workers.submit(move |_| ran.send(()).unwrap()).unwrap());
        let after = workers.submit(|engine| *engine).unwrap();
        release.send(()).unwrap();
        assert_eq!(after.blocking_recv(), Ok(7));
        assert!(runs.try_recv().is_err());
    }

    #[test]
    fn too_much_is_refused() {
        let (workers, release) = busy_worker();
        let queued: Vec<_> = (0..QUEUE_MAX)
            .map(|_| workers.submit(|engine| *engine).unwrap())
            .collect();
        assert_eq!(workers.submit(|_| ()).unwrap_err(), Overloaded);
        release.send(()).unwrap();
        assert!(
            queued
                .into_iter()
                .all(|answer| answer.blocking_recv() == Ok(7))
        );
    }
}
