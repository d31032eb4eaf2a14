//! Where agents, calls, transcripts, callbacks, secrets and numbers will be kept: SQLite in the
//! process, PostgreSQL when several processes share the work.
//!
//! The room is empty so far: agents are read from files by the binary, and a call's record goes to
//! a file. It will know [`agent`](offhook_agent) documents and no HTTP types.
