//! What all simulated recognisers share: a script of what is said, how its words are found in audio,
//! and the connection on which results go out in their time, on good days and on bad ones.

mod connection;
mod ear;
mod script;

pub(crate) use connection::{Listener, Silence, Told, run};
pub(crate) use ear::Ear;
pub use script::Script;
