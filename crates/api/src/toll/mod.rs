//! Toll safety: which telephone numbers may be called at all. Nothing may that the operator has not
//! allowed; and what costs more than a call, reaches satellites, or is an emergency service never may.
//! Pure rules over the numbering plans that `phonelib` knows.

mod destination;
mod rules;
#[cfg(test)]
mod tests;

pub use destination::{Destination, NeverCalled};
pub use rules::{Allowed, Spending, TollRefusal, TollRules, amount};
