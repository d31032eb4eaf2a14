//! A caller on an echo: it speaks all the time and notes how long each frame takes to come back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::LoadError;
use crate::level::Window;
use crate::socket::{Received, Socket};
use crate::speech::Speech;
use crate::wire::{self, Came, LoadLeg, STAMP_BYTES};

const FRAME: Duration = Duration::from_millis(20);
/// How long after the window frames may still come back.
const GRACE: Duration = Duration::from_millis(500);

/// What one caller noted.
#[derive(Debug, Default)]
pub(crate) struct EchoLog {
    /// How long each frame of the window took.
    pub(crate) round_trips: Vec<Duration>,
    /// How late the caller itself was to send them.
    pub(crate) own_lateness: Vec<Duration>,
    /// Frames of the window that never came back.
    pub(crate) lost: usize,
}

/// Calls, and speaks until the window closes.
pub(crate) async fn call(
    address: SocketAddr,
    leg: LoadLeg,
    speech: Arc<Speech>,
    number: usize,
    window: Window,
) -> Result<EchoLog, LoadError> {
    let mut socket = Socket::connect(address, &leg.path("none"), None).await?;
    let problem = || LoadError::system("speaking to the echo");
    socket.send(&leg.start("none")).await.map_err(problem())?;
    let utterance = &speech.utterances[number % speech.utterances.len()].messages;
    let mut sent: Vec<Instant> = Vec::with_capacity(4_096);
    let mut log = EchoLog::default();
    let mut message = Vec::with_capacity(512);
    let first = Instant::now() + FRAME.mul_f64((number * 7 % 20) as f64 / 20.0);
    let mut ticks = interval_at(first, FRAME);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut measured = 0_usize;
    loop {
        tokio::select! {
            came = socket.next(|message, is_text| leg.read(message, is_text)) => match came {
                Received::Closed(code) => return Err(closed(code)),
                Received::Message(Came::Media { stamp, .. }) => {
                    let now = Instant::now();
                    let at = wire::number(stamp).and_then(|it| sent.get(it as usize));
                    if let Some(at) = at.filter(|at| window.holds(**at)) {
                        log.round_trips.push(now - *at);
                    }
                }
                Received::Message(Came::Mark(name)) => {
                    socket.send(&leg.mark(&name)).await.map_err(problem())?;
                }
                Received::Message(_) => {}
            },
            due = ticks.tick() => {
                let now = Instant::now();
                if now > window.end() + GRACE {
                    break;
                }
                message.clear();
                message.extend_from_slice(&utterance[sent.len() % utterance.len()]);
                if let Some(at) = wire::payload_at(&message) {
                    message[at..at + STAMP_BYTES].copy_from_slice(&wire::stamp(sent.len() as u32));
                }
                put_in_place(leg, &mut message, sent.len());
                sent.push(now);
                if window.holds(now) {
                    measured += 1;
                    log.own_lateness.push(now - due);
                }
                socket.send(&message).await.map_err(problem())?;
            }
        }
    }
    log.lost = measured - log.round_trips.len();
    socket.close().await;
    Ok(log)
}

/// Says in a message which of its stream it is, where the carrier counts.
pub(crate) fn put_in_place(leg: LoadLeg, message: &mut [u8], sent: usize) {
    if let Some(place) = leg.place_at(message) {
        let mut rest = sent + 1;
        for digit in message[place].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

pub(crate) fn closed(code: u16) -> LoadError {
    LoadError::Program {
        program: "offhook serve".to_owned(),
        problem: format!("it closed a call with {code}"),
    }
}
