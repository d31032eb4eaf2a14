//! The one clock of a session.

use std::time::Duration;

use offhook_turn_taking::Instant;
use tokio::time::{Instant as Moment, Sleep, sleep_until};

/// With nothing else to wait for, the loop still looks around this often.
const IDLE: Duration = Duration::from_secs(60);

/// Maps the runtime's clock to the call's.
#[derive(Debug)]
pub(super) struct Clock {
    start: Moment,
}

impl Clock {
    /// A clock that reads zero now.
    pub(super) fn start() -> Self {
        Self {
            start: Moment::now(),
        }
    }

    /// The call's time.
    pub(super) fn now(&self) -> Instant {
        let micros = self.start.elapsed().as_micros();
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Wakes at `deadline`.
    pub(super) fn wake_at(&self, deadline: Option<Instant>) -> Sleep {
        let after = deadline.map_or(IDLE, |at| Duration::from_micros(at.as_micros()));
        let moment = if deadline.is_some() {
            self.start + after
        } else {
            Moment::now() + after
        };
        sleep_until(moment)
    }
}
