//! A call that this process holds: while it runs it can be found and watched, and when it is over
//! it is on record.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use offhook_agent::{Agent, CallVariables};
use offhook_call::fact_log::LOG_QUEUE;
use offhook_call::recording::Recorded;
use offhook_call::report::{CallEvent, EventReader, Report, transcript};
use offhook_call::{CallRecord, Control, LogEntry, OrderedWords, Session, SpokenOrder};
use offhook_contract::Leg;
use offhook_store::{CallWriter, StoredCall, WorkspaceId, now_ms};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::document::TakenOver;
use super::{ACTIVE, CallDocument, CallPlace, ENDED, FAILED, Keeping, KeptRecording, TRANSFERRED};
use crate::live::{CallLine, Lanes, LiveCallEntry};
use crate::{Api, Deliveries};

/// Orders that may wait for the session.
const ORDERS: usize = 16;

/// Why a call is over to which the agent only said that it takes none now.
const OUT_OF_HOURS: &str = "out_of_hours";

/// How long the end of a recording may take to reach the disk before the record goes without it.
const RECORDING_MAX: Duration = Duration::from_secs(5);

/// How often what is stored of a call that is up is brought up to date, at most: a process that dies
/// takes no more of its calls with it.
const PASSING_EVERY: Duration = Duration::from_secs(2);

/// A call that is about to begin.
#[derive(Debug)]
pub struct NewCall {
    /// Its id.
    pub id: String,
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// The id of the agent that answers.
    pub agent: String,
    /// At which revision; 0 for an agent of the folder.
    pub agent_revision: i64,
    /// What is known of it already.
    pub document: CallDocument,
    /// Its place among the calls that its agent and its workspace may have.
    pub place: CallPlace,
    /// What of it may be stored.
    pub keeping: Keeping,
}

/// A call that waits for its session.
#[derive(Debug)]
pub struct HostedCall {
    api: Api,
    writer: CallWriter,
    new: NewCall,
    lanes: Lanes,
    entries: mpsc::Receiver<LogEntry>,
    /// Why the call ends as soon as it has begun.
    ending: Option<&'static str>,
}

/// What a session needs of its host.
#[derive(Debug)]
pub struct HostLines {
    /// Where it tells what happens.
    pub log: mpsc::Sender<LogEntry>,
    /// Where its orders come from.
    pub control: mpsc::Receiver<Control>,
    /// Connections of the caller that come in the place of one that went away.
    pub legs: mpsc::Receiver<Leg>,
}

/// A recording that is being made.
#[derive(Debug)]
pub struct RunningRecording {
    /// Its file's name in the folder of recordings.
    pub file: String,
    /// Tells once it is complete.
    pub done: oneshot::Receiver<Recorded>,
}

/// A call that runs as long as [`RunningCall::hold`] does.
pub struct RunningCall {
    hosted: Registered,
    session: Session,
    watching: JoinHandle<(EventReader, LiveCallEntry)>,
    recording: Option<RunningRecording>,
}

struct Registered {
    writer: CallWriter,
    deliveries: Deliveries,
    call: StoredCall,
    document: CallDocument,
    /// Free again when the call is over.
    _place: CallPlace,
    keeping: Arc<Keeping>,
}

impl HostedCall {
    /// A call to come, and what its session is to be opened with.
    #[must_use]
    pub fn new(api: &Api, writer: CallWriter, new: NewCall) -> (Self, HostLines) {
        let (orders, control) = mpsc::channel(ORDERS);
        let (leg_sender, legs) = mpsc::channel(1);
        let (log, entries) = mpsc::channel(LOG_QUEUE);
        let hosted = Self {
            api: api.clone(),
            writer,
            new,
            lanes: Lanes {
                orders,
                legs: leg_sender,
            },
            entries,
            ending: None,
        };
        (hosted, HostLines { log, control, legs })
    }

    /// Where the agent takes no calls now, has it say that and nothing else, and hang up.
    pub fn close_outside_hours(&mut self, agent: &mut Agent, variables: &CallVariables) {
        let Some(message) = agent.close_outside_hours(SystemTime::now(), variables) else {
            return;
        };
        let order = SpokenOrder {
            words: OrderedWords::Text(message),
            is_urgent: true,
            is_interruptible: false,
            ends_call: true,
        };
        // Nothing else was ordered yet, so that there is a place.
        if self.lanes.orders.try_send(Control::Speak(order)).is_ok() {
            self.ending = Some(OUT_OF_HOURS);
        }
    }

    /// Registers the call and notes that it began. Its session is ready, and runs with
    /// [`RunningCall::hold`].
    #[must_use]
    pub fn begin(self, session: Session, recording: Option<RunningRecording>) -> RunningCall {
        let NewCall {
            id,
            workspace,
            agent,
            agent_revision,
            document,
            mut place,
            keeping,
        } = self.new;
        place.begin();
        let line = CallLine::of(&document);
        let document = keeping.document(document);
        let keeping = Arc::new(keeping);
        let call = StoredCall {
            id,
            workspace: workspace.as_str().to_owned(),
            agent,
            agent_revision,
            status: ACTIVE.into(),
            started_at_ms: now_ms(),
            ended_at_ms: None,
            document: document.to_value(),
        };
        let writer = self.writer;
        let hosted = Registered {
            writer: writer.clone(),
            deliveries: self.api.deliveries().clone(),
            call: call.clone(),
            document,
            _place: place,
            keeping: keeping.clone(),
        };
        hosted.hand_over(call.clone());
        let entry = self.api.live().begin(call, keeping, line, self.lanes);
        if let Some(reason) = self.ending {
            entry.call().will_end(reason);
        }
        RunningCall {
            hosted,
            session,
            watching: tokio::spawn(watch(self.entries, entry, writer)),
            recording,
        }
    }
}

impl RunningCall {
    /// Runs the call to its end and puts it on record. `None` where its session panicked: that ends
    /// this call and no other.
    pub async fn hold(self) -> Option<CallRecord> {
        let Self {
            hosted,
            session,
            watching,
            recording,
        } = self;
        let record = tokio::spawn(session.run()).await.ok();
        // It ends with the session's log.
        let (reader, entry) = watching.await.ok()?;
        let recording = match recording {
            Some(recording) => recording.kept().await,
            None => None,
        };
        let document = CallDocument {
            recording,
            ..hosted.document.clone()
        };
        match &record {
            Some(record) => {
                // What becomes of a transfer belongs into the record.
                let has_left = entry.call().departure().has_left().await;
                let reason = match entry.call().ending() {
                    _ if has_left => TRANSFERRED,
                    Some(ending) => ending,
                    None => record.ended_name(),
                };
                hosted.ended(document, record, reader, reason, &entry);
            }
            None => hosted.failed(document, &entry),
        }
        // As long as it is not in the database it is found here.
        hosted.writer.flush().await;
        drop(entry);
        record
    }
}

impl Registered {
    fn ended(
        &self,
        document: CallDocument,
        record: &CallRecord,
        mut reader: EventReader,
        reason: &str,
        entry: &LiveCallEntry,
    ) {
        let duration_ms = u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX);
        let mut turns = transcript(record, |turn| reader.caller_began(turn));
        for event in reader.finish() {
            turns.extend(event.turn().cloned());
            entry.tell(duration_ms, event);
        }
        let turns = turns.iter().filter_map(|turn| self.keeping.turn(turn));
        let report = serde_json::to_value(Report::new(record, &[])).ok();
        let document = CallDocument {
            transport: record.transport.clone(),
            ended_reason: Some(reason.to_owned()),
            turns: turns.collect(),
            agent_changes: record.agent_changes.iter().map(TakenOver::of).collect(),
            report: report.and_then(|report| self.keeping.report(report)),
            ..document
        };
        self.close(ENDED, &document, duration_ms, reason, entry);
    }

    fn failed(&self, document: CallDocument, entry: &LiveCallEntry) {
        tracing::error!(call_id = self.call.id, "a call panicked");
        let reason = "internal_error";
        let known = CallDocument::of(&entry.call().stored().document);
        let document = CallDocument {
            ended_reason: Some(reason.to_owned()),
            turns: known.turns,
            agent_changes: known.agent_changes,
            ..document
        };
        let duration_ms = u64::try_from(now_ms() - self.call.started_at_ms).unwrap_or(0);
        self.close(FAILED, &document, duration_ms, reason, entry);
    }

    fn close(
        &self,
        status: &str,
        document: &CallDocument,
        duration_ms: u64,
        reason: &str,
        entry: &LiveCallEntry,
    ) {
        let call = StoredCall {
            status: status.into(),
            ended_at_ms: Some(now_ms()),
            document: document.to_value(),
            ..self.call.clone()
        };
        let reason = reason.to_owned();
        let last = (duration_ms, CallEvent::Ended { reason });
        self.hand_over(entry.end(call, Some(last)));
    }

    fn hand_over(&self, call: StoredCall) {
        self.deliveries.note_call(&call);
        if self.writer.try_record(call).is_err() {
            tracing::error!(call_id = self.call.id, "the record of a call is lost");
        }
    }
}

impl RunningRecording {
    async fn kept(self) -> Option<KeptRecording> {
        let recorded = tokio::time::timeout(RECORDING_MAX, self.done).await;
        let recorded = recorded.ok()?.ok()?;
        (recorded.duration_ms > 0).then_some(KeptRecording {
            file: self.file,
            duration_ms: recorded.duration_ms,
            is_whole: recorded.is_whole,
        })
    }
}

/// Tells whoever watches what happens, and has it stored what is said, until the session is gone.
async fn watch(
    mut entries: mpsc::Receiver<LogEntry>,
    entry: LiveCallEntry,
    writer: CallWriter,
) -> (EventReader, LiveCallEntry) {
    let mut reader = EventReader::default();
    let mut store_at = Instant::now();
    let mut is_changed = false;
    loop {
        tokio::select! {
            log = entries.recv() => {
                let Some(log) = log else {
                    return (reader, entry);
                };
                for event in reader.read(&log) {
                    is_changed |= entry.tell(log.at.as_millis(), event);
                }
            }
            () = sleep_until(store_at), if is_changed => {
                writer.record_passing(entry.call().stored());
                is_changed = false;
                store_at = Instant::now() + PASSING_EVERY;
            }
        }
    }
}
