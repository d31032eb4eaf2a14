//! What telephone carriers say over HTTP, as pure code: who is calling whom, whether it is really the
//! carrier that says so, and what it is told to do with the call; and what they are asked: to place a
//! call, to hand one over, and to end one. A [`Carrier`] gets a file.
//!
//! No sockets, no agents: whoever serves the requests brings them here as a [`Webhook`], and whoever
//! can send some is given a [`Request`].

mod announcing;
mod answer;
mod asterisk;
mod audio;
mod carrier;
mod exotel;
mod form;
mod jambonz;
mod lookup;
mod plivo;
mod progress;
mod rest;
mod signature;
mod telnyx;
mod transfer;
mod twilio;
mod upgrade;
mod vonage;
mod webhook;

pub use announcing::Document;
pub use answer::Answer;
pub use asterisk::{asterisk_events, asterisk_news};
pub use audio::{Audio, AudioProblem};
pub use carrier::{AccountVariables, Carrier};
pub use lookup::{Finding, Sought};
pub use progress::{AnsweredBy, Progress, Stage};
pub use rest::{Account, KeyProblem, Method, Outgoing, Request, RestProblem};
pub use signature::SignatureProblem;
pub use transfer::{Dial, Dialled, Handover};
pub use upgrade::verify_upgrade;
pub use webhook::{IncomingCall, Webhook, WebhookProblem};

#[cfg(test)]
mod tests;
