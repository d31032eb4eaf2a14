//! Records of calls on their way to the database, which may be locked, slow or gone: a call hands
//! its record over and never waits. What the database cannot take now waits in a file.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};

use crate::spill::{Line, Spill};
use crate::{Store, StoreError, StoredCall};

/// Records that may wait for the writer, which puts each on the disk at the latest when the
/// database has failed to answer: more only come together where the disk is stuck too.
const QUEUE: usize = 1024;

/// Places of the queue that are left to the records of calls that begin or end.
const QUEUE_SPARED: usize = QUEUE / 2;

/// How long records of calls that go on are left out once the database has failed to answer.
const PASSING_PAUSE: Duration = Duration::from_secs(10);

/// How long the database may take over one record.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Takes records of calls. Cloning gives another way into the same queue.
#[derive(Debug, Clone)]
pub struct CallWriter {
    queue: mpsc::Sender<Job>,
    counts: Arc<Counts>,
}

/// What became of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallWriterReport {
    /// In the database, at once or later.
    pub written: u64,
    /// Put on the disk because the database could not take them.
    pub spilled: u64,
    /// Put aside because no database will ever take them.
    pub refused: u64,
    /// Gone: the queue was full, or the disk failed as well.
    pub lost: u64,
    /// Of calls that went on, and said more later: left out because others were waiting.
    pub left_out: u64,
}

/// The queue is full, or its writer has ended: the record comes back.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("the record of a call cannot be queued")]
pub struct QueueFull(pub Box<StoredCall>);

#[derive(Debug)]
enum Job {
    Record(Box<StoredCall>),
    /// A later record of the same call says all of it, and more.
    Passing(Box<StoredCall>),
    Flush(oneshot::Sender<()>),
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    spilled: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
    left_out: AtomicU64,
}

impl CallWriter {
    /// Starts the writer. What an earlier process left in `spill` is written first. The task ends
    /// once every `CallWriter` is gone and all that they took is in the database or in the file.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn start(store: Store, spill: &Path) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let counts = Arc::new(Counts::default());
        let spill = Spill::open(spill)?;
        let desk = Desk {
            store,
            is_waiting: !spill.was_empty(),
            spill: Arc::new(Mutex::new(spill)),
            counts: counts.clone(),
            retry_after: RETRY_FIRST,
            retry_at: Instant::now(),
            passing_from: Instant::now(),
        };
        Ok((Self { queue, counts }, tokio::spawn(desk.run(jobs))))
    }

    /// Hands a record over, without waiting for anything.
    ///
    /// # Errors
    /// With the record itself where the queue is full; it is counted as lost.
    pub fn try_record(&self, call: StoredCall) -> Result<(), QueueFull> {
        match self.queue.try_reserve() {
            Ok(place) => {
                place.send(Job::Record(Box::new(call)));
                Ok(())
            }
            Err(_) => {
                self.counts.lost.fetch_add(1, Ordering::Relaxed);
                Err(QueueFull(Box::new(call)))
            }
        }
    }

    /// Hands over what is known so far of a call that goes on, without waiting for anything. Where
    /// the queue is half full, or the database is away, it is left out: a later record says more.
    pub fn record_passing(&self, call: StoredCall) {
        let is_free = self.queue.capacity() > QUEUE_SPARED;
        let job = Job::Passing(Box::new(call));
        if !is_free || self.queue.try_send(job).is_err() {
            count(&self.counts.left_out, 1);
        }
    }

    /// Waits until everything that was handed over before is in the database, or in the file where
    /// the database still cannot take it.
    pub async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.queue.send(Job::Flush(done)).await.is_ok() {
            let _ = is_done.await;
        }
    }

    /// What has become of the records so far.
    #[must_use]
    pub fn report(&self) -> CallWriterReport {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CallWriterReport {
            written: count(&self.counts.written),
            spilled: count(&self.counts.spilled),
            refused: count(&self.counts.refused),
            lost: count(&self.counts.lost),
            left_out: count(&self.counts.left_out),
        }
    }
}

/// Where the records arrive: in their order, one at a time.
struct Desk {
    store: Store,
    spill: Arc<Mutex<Spill>>,
    /// Whether the file holds anything.
    is_waiting: bool,
    counts: Arc<Counts>,
    retry_after: Duration,
    retry_at: Instant,
    /// Records of calls that go on are left out until then.
    passing_from: Instant,
}

impl Desk {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.drain().await;
        loop {
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(Job::Record(call)) => self.take(call).await,
                    Some(Job::Passing(call)) => self.take_passing(&call).await,
                    Some(Job::Flush(done)) => {
                        self.drain().await;
                        let _ = done.send(());
                    }
                    None => break,
                },
                () = sleep_until(self.retry_at), if self.is_waiting => self.drain().await,
            }
        }
        self.drain().await;
    }

    /// While others wait in the file, a record goes behind them: of two records of one call the
    /// later one has to be written last.
    async fn take(&mut self, call: Box<StoredCall>) {
        if !self.is_waiting {
            match self.write(&call).await {
                Ok(()) => return count(&self.counts.written, 1),
                Err(problem) if problem.is_passing() => {
                    tracing::warn!(%problem, "records of calls go to the spill file");
                    self.retry_later();
                }
                Err(problem) => return self.put_aside(json(&call), problem).await,
            }
        }
        self.is_waiting = true;
        match self.on_disk(move |spill| spill.append(&call)).await {
            Ok(()) => count(&self.counts.spilled, 1),
            Err(problem) => {
                count(&self.counts.lost, 1);
                tracing::error!(%problem, "the record of a call is lost");
            }
        }
    }

    /// Never goes to the file: that has room for what nobody says again.
    async fn take_passing(&mut self, call: &StoredCall) {
        let is_kept_out = self.is_waiting || Instant::now() < self.passing_from;
        if is_kept_out || self.write(call).await.is_err() {
            count(&self.counts.left_out, 1);
            if !is_kept_out {
                self.passing_from = Instant::now() + PASSING_PAUSE;
            }
        } else {
            count(&self.counts.written, 1);
        }
    }

    /// Writes what waits in the file, all of it or, where the database still cannot, none for good:
    /// to write a record twice is to write it once.
    async fn drain(&mut self) {
        if !self.is_waiting {
            return;
        }
        let lines = match self.on_disk(Spill::lines).await {
            Ok(lines) => lines,
            Err(problem) => {
                tracing::error!(%problem, "the spill file cannot be read");
                return self.retry_later();
            }
        };
        let mut written = 0;
        let mut aside: Vec<(String, StoreError)> = Vec::new();
        for line in lines {
            let call = match line {
                Line::Call(call) => call,
                Line::Unreadable(line) => {
                    let problem = StoreError::Damaged("it is no record of a call".into());
                    aside.push((line, problem));
                    continue;
                }
            };
            match self.write(&call).await {
                Ok(()) => written += 1,
                Err(problem) if problem.is_passing() => return self.retry_later(),
                Err(problem) => aside.push((json(&call), problem)),
            }
        }
        for (line, problem) in aside {
            self.put_aside(line, problem).await;
        }
        if let Err(problem) = self.on_disk(Spill::clear).await {
            tracing::error!(%problem, "the spill file cannot be emptied");
            return self.retry_later();
        }
        self.is_waiting = false;
        self.retry_after = RETRY_FIRST;
        count(&self.counts.written, written);
        tracing::info!(records = written, "what was in the spill file is written");
    }

    async fn write(&self, call: &StoredCall) -> Result<(), StoreError> {
        let written = timeout(WRITE_TIMEOUT, self.store.record_call(call)).await;
        written.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in 5 s".into())))
    }

    async fn put_aside(&self, line: String, problem: StoreError) {
        match self.on_disk(move |spill| spill.refuse(&line)).await {
            Ok(()) => {
                count(&self.counts.refused, 1);
                tracing::error!(%problem, "the record of a call is put aside");
            }
            Err(trouble) => {
                count(&self.counts.lost, 1);
                tracing::error!(%problem, %trouble, "the record of a call is lost");
            }
        }
    }

    /// Works on the file, away from the threads on which calls run.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Spill) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let spill = self.spill.clone();
        let work = move || work(&mut spill.lock().unwrap_or_else(PoisonError::into_inner));
        spawn_blocking(work)
            .await
            .unwrap_or_else(|problem| Err(io::Error::other(problem)))
    }

    fn retry_later(&mut self) {
        self.retry_at = Instant::now() + self.retry_after;
        self.retry_after = (self.retry_after * 2).min(RETRY_MAX);
    }
}

fn json(call: &StoredCall) -> String {
    serde_json::json!(call).to_string()
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
