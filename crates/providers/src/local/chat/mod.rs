//! The embedded chat.
