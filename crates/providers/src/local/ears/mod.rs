//! The embedded ears.
