//! Recordings of calls: a WAV file each, the caller left and the agent right, as both were heard.
//! One thread writes them all; a session hands its audio over and never waits for a disk. What the
//! thread has no room for is missing from the recording, which then says so.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use offhook_media::{Frame, SampleRate, StereoWav, WavWriteError};
use tokio::sync::oneshot;

/// Seconds of audio, of all calls together, that may wait for the disk.
const QUEUE: usize = 512;

/// Writes recordings. Cloning gives another way to the same thread, which ends with the last.
#[derive(Debug, Clone)]
pub struct Recorder {
    folder: Arc<Path>,
    queue: SyncSender<Job>,
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// How long it lasts, in milliseconds.
    pub duration_ms: u64,
    /// Whether all of the call is in it.
    pub is_whole: bool,
}

/// Takes the audio of one call.
#[derive(Debug)]
pub struct Tape {
    file: Arc<TapeFile>,
    queue: SyncSender<Job>,
    caller: Vec<i16>,
    agent: Vec<i16>,
    is_whole: bool,
    done: Option<oneshot::Sender<Recorded>>,
}

#[derive(Debug)]
struct TapeFile {
    path: PathBuf,
    rate: SampleRate,
    /// Made with the first audio; a file that failed is let go for good.
    writer: Mutex<Writer>,
}

#[derive(Debug)]
enum Writer {
    Coming,
    Open(StereoWav),
    Gone,
}

#[derive(Debug)]
struct Job {
    file: Arc<TapeFile>,
    caller: Vec<i16>,
    agent: Vec<i16>,
    /// Whether nothing was lost so far, where this is the last.
    last: Option<(bool, oneshot::Sender<Recorded>)>,
}

impl Recorder {
    /// Starts the thread, for files in `folder`, which is made for its owner alone where it is not
    /// there.
    ///
    /// # Errors
    /// Where the folder or the thread cannot be made.
    pub fn start(folder: &Path) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let (queue, jobs) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("recordings".into())
            .spawn(move || write_all(&jobs))?;
        Ok(Self {
            folder: folder.into(),
            queue,
        })
    }

    /// The tape of a call, for the file `name` at `rate`, and what tells once it is complete.
    #[must_use]
    pub fn tape(&self, name: &str, rate: SampleRate) -> (Tape, oneshot::Receiver<Recorded>) {
        let (done, is_done) = oneshot::channel();
        let second = rate.hz() as usize;
        let tape = Tape {
            file: Arc::new(TapeFile {
                path: self.folder.join(name),
                rate,
                writer: Mutex::new(Writer::Coming),
            }),
            queue: self.queue.clone(),
            caller: Vec::with_capacity(second),
            agent: Vec::with_capacity(second),
            is_whole: true,
            done: Some(done),
        };
        (tape, is_done)
    }
}

impl Tape {
    /// Adds 20 ms of both sides.
    pub fn add(&mut self, caller: &Frame, agent: &Frame) {
        self.caller.extend_from_slice(caller.samples());
        self.agent.extend_from_slice(agent.samples());
        let second = self.file.rate.hz() as usize;
        if self.caller.len() + caller.samples().len() > second {
            self.hand_over(None, second);
        }
    }

    fn hand_over(&mut self, last: Option<(bool, oneshot::Sender<Recorded>)>, next: usize) {
        let job = Job {
            file: self.file.clone(),
            caller: std::mem::replace(&mut self.caller, Vec::with_capacity(next)),
            agent: std::mem::replace(&mut self.agent, Vec::with_capacity(next)),
            last,
        };
        self.is_whole &= self.queue.try_send(job).is_ok();
    }
}

impl Drop for Tape {
    /// The call is over.
    fn drop(&mut self) {
        let last = self.done.take().map(|done| (self.is_whole, done));
        self.hand_over(last, 0);
    }
}

fn write_all(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        let mut writer = job
            .file
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(problem) = writer.add(&job) {
            tracing::error!(%problem, "a recording breaks off");
            *writer = Writer::Gone;
        }
        if let Some((is_whole, done)) = job.last {
            let recorded = writer.finish(job.file.rate);
            // The call may be gone with its server.
            let _ = done.send(Recorded {
                is_whole: is_whole && recorded.is_whole,
                ..recorded
            });
        }
    }
}

impl Writer {
    fn add(&mut self, job: &Job) -> Result<(), WavWriteError> {
        if matches!(self, Self::Coming) {
            *self = Self::Open(StereoWav::create(&job.file.path, job.file.rate)?);
        }
        match self {
            Self::Open(wav) => wav.write(&job.caller, &job.agent),
            Self::Coming | Self::Gone => Ok(()),
        }
    }

    fn finish(&mut self, rate: SampleRate) -> Recorded {
        let Self::Open(wav) = std::mem::replace(self, Self::Gone) else {
            return Recorded {
                duration_ms: 0,
                is_whole: false,
            };
        };
        let duration_ms = wav.frames() * 1_000 / u64::from(rate.hz());
        let finished = wav.finish();
        if let Err(problem) = &finished {
            tracing::error!(%problem, "a recording is not complete");
        }
        Recorded {
            duration_ms,
            is_whole: finished.is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use offhook_media::read_wav;

    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn frame(value: i16) -> Frame {
        Frame::padded(RATE, &[value; 160])
    }

    #[tokio::test]
    async fn both_sides_are_in_the_file_from_beginning_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("recordings");
        let recorder = Recorder::start(&folder).unwrap();
        let (mut tape, done) = recorder.tape("a.wav", RATE);
        for count in 0..123 {
            tape.add(&frame(count), &frame(-count));
        }
        drop(tape);
        let recorded = done.await.unwrap();
        assert_eq!((recorded.duration_ms, recorded.is_whole), (2_460, true));
        let wav = read_wav(&folder.join("a.wav")).unwrap();
        assert_eq!((wav.rate_hz, wav.channels.len()), (8_000, 2));
        assert_eq!(wav.channels[0].len(), 123 * 160);
        assert_eq!((wav.channels[0][160], wav.channels[1][160]), (1, -1));
        assert_eq!(wav.channels[1].last(), Some(&-122));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::start(folder.path()).unwrap();
        let (mut tape, done) = recorder.tape("no/such/folder/a.wav", RATE);
        for count in 0..200 {
            tape.add(&frame(count), &frame(0));
        }
        drop(tape);
        assert!(!done.await.unwrap().is_whole);
    }
}
