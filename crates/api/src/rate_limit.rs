//! How many requests a key may make: a bucket of tokens for each, filled steadily.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Above this many keys, buckets that are full are forgotten: a full one is as good as none.
const BUCKETS_MAX: usize = 10_000;

/// The buckets of all keys.
#[derive(Debug)]
pub(crate) struct RateLimits {
    burst: f64,
    tokens_per_second: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

/// What a key may do after this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Whether this request may go on.
    pub(crate) is_granted: bool,
    /// How many requests may come at once where none came for a while.
    pub(crate) limit: u32,
    /// How many more may come at once now.
    pub(crate) remaining: u32,
    /// How long until one more may come; zero where one may come now.
    pub(crate) next_in: Duration,
    /// How long until all of `limit` may come.
    pub(crate) full_in: Duration,
}

impl RateLimits {
    /// `per_minute` requests for ever, `burst` of them at once.
    pub(crate) fn new(per_minute: u32, burst: u32) -> Self {
        Self {
            burst: f64::from(burst.max(1)),
            tokens_per_second: f64::from(per_minute.max(1)) / 60.0,
            buckets: Mutex::default(),
        }
    }

    /// Takes one request of `key` into account.
    pub(crate) fn take(&self, key: &str, now: Instant) -> Allowance {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(key) {
            buckets.retain(|_, bucket| self.tokens(*bucket, now) < self.burst);
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket {
            tokens: self.burst,
            filled_at: now,
        });
        let mut tokens = self.tokens(*bucket, now);
        let is_granted = tokens >= 1.0;
        if is_granted {
            tokens -= 1.0;
        }
        *bucket = Bucket {
            tokens,
            filled_at: now,
        };
        let time_to = |wanted: f64| {
            Duration::from_secs_f64((wanted - tokens).max(0.0) / self.tokens_per_second)
        };
        Allowance {
            is_granted,
            limit: self.burst as u32,
            remaining: tokens as u32,
            next_in: time_to(1.0),
            full_in: time_to(self.burst),
        }
    }

    fn tokens(&self, bucket: Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.filled_at);
        (bucket.tokens + since.as_secs_f64() * self.tokens_per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_steady_rate() {
        let limits = RateLimits::new(60, 3);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let remaining: Vec<_> = (0..3).map(|_| limits.take("a", start).remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let refused = limits.take("a", at(250));
        assert!(!refused.is_granted);
        assert_eq!(refused.next_in, Duration::from_millis(750));
        assert_eq!(refused.full_in, Duration::from_millis(2750));
        assert!(limits.take("b", at(250)).is_granted, "each key by itself");
        assert!(limits.take("a", at(1000)).is_granted);
        assert!(!limits.take("a", at(1999)).is_granted);
        assert!(limits.take("a", at(2000)).is_granted);
        assert_eq!(limits.take("a", at(60_000)).remaining, 2);
    }

    #[test]
    fn buckets_do_not_grow_without_end() {
        let limits = RateLimits::new(60, 1);
        let start = Instant::now();
        for key in 0..BUCKETS_MAX {
            limits.take(&key.to_string(), start);
        }
        limits.take("new", start + Duration::from_secs(2));
        assert_eq!(limits.buckets.lock().unwrap().len(), 1);
    }
}
