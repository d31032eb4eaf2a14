//! From `call_limits` and `queueing_config` to the agent's limits and back.

use serde_json::{Value, json};

use crate::dialect::canonical;
use crate::dialect::lens::{Way, seconds, set};
use crate::dialect::path;

const QUEUE: &str = "platform_settings.queueing_config";
const ENABLED: &str = "platform_settings.queueing_config.enabled";
const WAIT: &str = "platform_settings.queueing_config.wait_timeout_seconds";

/// As long as the platform lets callers wait where the client says no time.
const USUAL_WAIT: f64 = 180.0;

/// As many calls a day as the platform's field may name, which is as good as any number.
pub(super) const DAILY_MAX: f64 = 1_000_000_000.0;

pub(super) const QUEUE_FIELDS: &[&str] = &[WAIT, ENABLED];

/// Below 0: any number.
pub(super) const CONCURRENT_CALLS: Way = Way::Value {
    read: |limit| Some(whole(limit.as_f64().filter(|limit| *limit >= 0.0))),
    write: |calls| calls.as_u64().map_or(json!(-1), Value::from),
};

/// The highest number there is: any number.
pub(super) const CALLS_PER_DAY: Way = Way::Value {
    read: |limit| Some(whole(limit.as_f64().filter(|limit| *limit < DAILY_MAX))),
    write: |calls| json!(calls.as_u64().unwrap_or(DAILY_MAX as u64)),
};

fn whole(number: Option<f64>) -> Value {
    number.map_or(Value::Null, |number| json!(number as u64))
}

/// Calls wait where the queue is on.
pub(super) const WAIT_MAX: Way = Way::Document {
    read: |document| {
        let queue = path::at(document, QUEUE)?;
        if queue["enabled"] != true {
            return Some(Value::Null);
        }
        let wait = queue["wait_timeout_seconds"].as_f64();
        Some(seconds(wait.unwrap_or(USUAL_WAIT), 1.0, 1_800.0))
    },
    write: |wait, document| match canonical::millis(wait) {
        Some(millis) => {
            set(document, ENABLED, json!(true));
            set(document, WAIT, json!((millis / 1_000.0).ceil() as u64));
        }
        None if path::at(document, QUEUE).is_some_and(Value::is_object) => {
            set(document, ENABLED, json!(false));
        }
        None => {}
    },
};
