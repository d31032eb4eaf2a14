//! What a double was asked.

use std::sync::{Arc, Mutex, PoisonError};

/// All requests to one double, over all its calls, in order. Clones share them.
#[derive(Debug)]
pub struct Requests<T> {
    asked: Arc<Mutex<Vec<T>>>,
}

impl<T> Requests<T> {
    pub(super) fn note(&self, request: T) {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
    }
}

impl<T: Clone> Requests<T> {
    /// Those so far.
    #[must_use]
    pub fn so_far(&self) -> Vec<T> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<T> Clone for Requests<T> {
    fn clone(&self) -> Self {
        Self {
            asked: Arc::clone(&self.asked),
        }
    }
}

impl<T> Default for Requests<T> {
    fn default() -> Self {
        Self {
            asked: Arc::default(),
        }
    }
}
