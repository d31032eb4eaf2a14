//! The embedded voice.
