//! Speech recognition, chat models and voices: one folder per vendor, `local` for the models that
//! run in this process, and the catalogue of their files.

pub mod catalogue;
pub mod local;
