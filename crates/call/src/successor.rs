//! Another agent that takes a running call over.

use std::fmt;

use offhook_turn_taking::Opening;

use crate::{Persona, Providers};

/// Another agent that takes a running call over, with what it needs for that.
#[derive(Clone)]
pub struct Successor {
    /// Its id, for whoever watches.
    pub id: String,
    /// Who answers from then on.
    pub persona: Persona,
    /// Its stages.
    pub providers: Providers,
    /// What it says first; `None` leaves it to the caller to speak.
    pub opening: Option<Opening>,
}

impl fmt::Debug for Successor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = formatter.debug_struct("Successor");
        told.field("id", &self.id).finish_non_exhaustive()
    }
}
