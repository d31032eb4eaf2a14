//! One level of load: so many callers, from the first call to the last word.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_transport::deviations;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::figures::{in_millis, rounded};
use crate::speech::Speech;
use crate::wire::LoadLeg;
use crate::{LevelReport, LoadError, Spread, door, echo_caller, process, talking_caller};

/// Calls begin one after the other, this far apart: those of an agent, which have more to do, and
/// echoed ones.
const BETWEEN_CALLS: Duration = Duration::from_millis(25);
const BETWEEN_ECHOES: Duration = Duration::from_millis(3);
/// After the last call has begun, how long until it is measured: agents greet, connections open.
pub(crate) const SETTLING: Duration = Duration::from_secs(4);
/// What counts as late.
const LATE: Duration = Duration::from_millis(10);
/// How far ahead of playout the server sends.
pub(crate) const LEAD: Duration = Duration::from_millis(200);

/// When it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    begin: Instant,
    end: Instant,
}

impl Window {
    pub(crate) fn holds(self, at: Instant) -> bool {
        self.begin <= at && at < self.end
    }

    pub(crate) const fn end(self) -> Instant {
        self.end
    }
}

/// Whom the callers call, and with what.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    /// Where calls come in, which may be another door.
    pub(crate) calls: SocketAddr,
    pub(crate) leg: LoadLeg,
    /// The agent that answers; `None` for an echo.
    pub(crate) agent: Option<String>,
    pub(crate) speech: Arc<Speech>,
    pub(crate) server: u32,
    pub(crate) simulators: Option<Simulators>,
    pub(crate) memory_idle: u64,
    /// From the beginning of the last call to the measurement.
    pub(crate) settling: Duration,
    /// What of an answer's wait is configured or simulated, and of a cut's asked for.
    pub(crate) configured: Configured,
}

/// The simulated providers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Simulators {
    /// Their process.
    pub(crate) pid: u32,
    /// Where the chat model is served, which tells how often it was asked.
    pub(crate) chat: SocketAddr,
}

/// Waits that are not the runtime's own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Configured {
    pub(crate) answer: Duration,
    /// Speech after which the agent pauses.
    pub(crate) cut: Duration,
}

/// Processor time of everybody, at one moment.
struct Used {
    server: Duration,
    callers: Duration,
    simulators: Duration,
}

impl Used {
    fn now(line: &Line) -> Result<Self, LoadError> {
        Ok(Self {
            server: process::cpu_time(line.server)?,
            callers: process::cpu_time(std::process::id())?,
            simulators: match line.simulators {
                Some(it) => process::cpu_time(it.pid)?,
                None => Duration::ZERO,
            },
        })
    }
}

/// How many answers the chat model was asked for so far.
async fn asked(line: &Line) -> Result<usize, LoadError> {
    match line.simulators {
        Some(it) => door::count(it.chat, "/asked").await,
        None => Ok(0),
    }
}

/// Holds `calls` calls for `hold`.
pub(crate) async fn measure(
    line: &Line,
    calls: usize,
    hold: Duration,
) -> Result<LevelReport, LoadError> {
    let first = Instant::now();
    let between = match line.agent {
        Some(_) => BETWEEN_CALLS,
        None => BETWEEN_ECHOES,
    };
    let begin = first + between * calls as u32 + line.settling;
    let window = Window {
        begin,
        end: begin + hold,
    };
    let mut echoes = JoinSet::new();
    let mut talks = JoinSet::new();
    for number in 0..calls {
        sleep_until(first + between * number as u32).await;
        let (address, calls) = (line.address, line.calls);
        let (leg, speech) = (line.leg, Arc::clone(&line.speech));
        match line.agent.clone() {
            None => drop(echoes.spawn(echo_caller::call(calls, leg, speech, number, window))),
            Some(agent) => drop(talks.spawn(async move {
                let token = door::token(address, &agent, leg.credential()).await?;
                talking_caller::call(calls, leg, token, speech, number, window).await
            })),
        }
    }
    sleep_until(window.begin).await;
    let (before, asked_before) = (Used::now(line)?, asked(line).await?);
    sleep_until(window.end).await;
    let (after, asked_after) = (Used::now(line)?, asked(line).await?);
    let memory = process::memory(line.server)?;
    let mut report = LevelReport {
        calls,
        seconds: hold.as_secs_f64(),
        generations: asked_after - asked_before,
        ..LevelReport::default()
    };
    take_echoes(&mut report, echoes).await;
    take_talks(&mut report, talks, line).await;
    let seconds = hold.as_secs_f64();
    let share =
        |after: Duration, before: Duration| rounded((after - before).as_secs_f64() / seconds);
    let server = (after.server - before.server).as_secs_f64();
    let call_minutes = calls as f64 * seconds / 60.0;
    report.cpu_seconds_per_call_minute = (server / call_minutes * 10_000.0).round() / 10_000.0;
    report.cpu_server = share(after.server, before.server);
    report.cpu_callers = share(after.callers, before.callers);
    report.cpu_simulators = share(after.simulators, before.simulators);
    let grown = memory.saturating_sub(line.memory_idle) as f64;
    report.memory_bytes_per_call = (grown / calls as f64).round();
    // The server has ended its calls by then.
    sleep(Duration::from_secs(1)).await;
    Ok(report)
}

async fn take_echoes(
    report: &mut LevelReport,
    mut calls: JoinSet<Result<echo_caller::EchoLog, LoadError>>,
) {
    if calls.is_empty() {
        return;
    }
    let (mut trips, mut off, mut own) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(log) = next(report, &mut calls).await {
        let Some(log) = log else { continue };
        let mut sorted = log.round_trips.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        off.extend(sorted.iter().map(|trip| trip.abs_diff(median)));
        trips.extend(log.round_trips);
        own.extend(log.own_lateness);
        report.lost_frames += log.lost;
    }
    report.frames = trips.len();
    report.late_frames = off.iter().filter(|it| **it > LATE).count();
    report.pacing_ms = Spread::of_durations(off);
    report.voice_to_voice_ms = Spread::of_durations(trips);
    report.runtime_share_ms = report.voice_to_voice_ms;
    report.caller_lateness_ms = Spread::of_durations(own);
}

async fn take_talks(
    report: &mut LevelReport,
    mut calls: JoinSet<Result<talking_caller::TalkLog, LoadError>>,
    line: &Line,
) {
    if calls.is_empty() {
        return;
    }
    let (mut answers, mut cuts) = (Vec::new(), Vec::new());
    let (mut off, mut own) = (Vec::new(), Vec::new());
    while let Some(log) = next(report, &mut calls).await {
        let Some(log) = log else { continue };
        let (judged, underruns) = deviations(&log.arrivals, line.leg.lead(LEAD));
        off.extend(judged);
        report.underruns += underruns;
        answers.extend(log.voice_to_voice);
        cuts.extend(log.cuts);
        own.extend(log.own_lateness);
        report.unanswered += log.unanswered;
        report.spoken_over += log.spoken_over;
        report.missed_cuts += log.missed_cuts;
    }
    let without = |all: &[Duration], part: Duration| {
        let part = in_millis(part);
        Spread::of(all.iter().map(|it| in_millis(*it) - part).collect())
    };
    report.turns = answers.len();
    report.frames = off.len();
    report.late_frames = off.iter().filter(|it| **it > LATE).count();
    report.pacing_ms = Spread::of_durations(off);
    report.runtime_share_ms = without(&answers, line.configured.answer);
    report.barge_in_share_ms = without(&cuts, line.configured.cut);
    report.voice_to_voice_ms = Spread::of_durations(answers);
    report.barge_in_ms = Spread::of_durations(cuts);
    report.caller_lateness_ms = Spread::of_durations(own);
}

/// The next call that is over; `Some(None)` for one that failed.
async fn next<L: 'static>(
    report: &mut LevelReport,
    calls: &mut JoinSet<Result<L, LoadError>>,
) -> Option<Option<L>> {
    let failure = match calls.join_next().await? {
        Ok(Ok(log)) => return Some(Some(log)),
        Ok(Err(problem)) => problem.to_string(),
        Err(problem) => problem.to_string(),
    };
    report.failed_calls += 1;
    report.first_failure.get_or_insert(failure);
    Some(None)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::WebSocketUpgrade;
    use axum::routing::get;
    use offhook_contract::{LegDescription, leg};
    use offhook_transport::media_stream::wire::{StreamStart, Twilio};
    use offhook_transport::media_stream::{OpenedStream, serve_stream};
    use offhook_transport::websocket::SocketLimits;
    use tokio::net::TcpListener;

    use super::*;
    use crate::speech::Utterance;
    use crate::wire::FRAME_BYTES;

    async fn echo_server() -> SocketAddr {
        let route = get(async |upgrade: WebSocketUpgrade| {
            let open = async |start: StreamStart| {
                let (near, far_end) = leg(LegDescription {
                    transport: "echo".into(),
                    rate: start.rate,
                    lead: Duration::ZERO,
                });
                tokio::spawn(offhook_transport::echo(near));
                let call_id = start.stream_id;
                Ok(OpenedStream { call_id, far_end })
            };
            serve_stream::<Twilio, _, _>(upgrade, SocketLimits::default(), open)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route(&LoadLeg::Twilio.path(""), route);
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    }

    #[tokio::test]
    async fn every_frame_comes_back_from_an_echo() {
        let message = |value| LoadLeg::Twilio.media(&[value; FRAME_BYTES]);
        let speech = Speech {
            utterances: vec![Utterance {
                messages: vec![message(0x20), message(0xa0)],
                onset: 0,
            }],
            silence: message(0xff),
        };
        let address = echo_server().await;
        let line = Line {
            address,
            calls: address,
            leg: LoadLeg::Twilio,
            agent: None,
            speech: Arc::new(speech),
            server: std::process::id(),
            simulators: None,
            memory_idle: 0,
            settling: Duration::from_millis(100),
            configured: Configured::default(),
        };
        let level = measure(&line, 3, Duration::from_millis(400)).await.unwrap();
        assert_eq!((level.failed_calls, level.lost_frames), (0, 0), "{level:?}");
        assert!((50..=63).contains(&level.frames), "{level:?}");
        assert!(level.voice_to_voice_ms.p50 < 400.0 && level.memory_bytes_per_call > 0.0);
    }
}
