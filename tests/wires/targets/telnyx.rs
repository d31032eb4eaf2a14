//! Messages of one carrier.

#![no_main]

use offhook_transport::media_stream::wire::Telnyx;
use offhook_wires_fuzz::message;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| message::<Telnyx>(bytes));
