//! The REST interface: the native API, one module for each dialect with wire types of its own,
//! webhooks and live feeds.
//!
//! The room is empty so far: the binary serves raw WebSocket sessions and nothing else. It will
//! use [`agent`](offhook_agent), [`call`](offhook_call) and [`store`](offhook_store), and know no
//! vendor's or carrier's name.
