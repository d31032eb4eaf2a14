//! Packets of Asterisk's `AudioSocket`.

#![no_main]

use offhook_wires_fuzz::packets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| packets(bytes));
