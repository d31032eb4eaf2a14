//! Messages of one carrier.

#![no_main]

use offhook_transport::media_stream::wire::Exotel;
use offhook_wires_fuzz::message;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| message::<Exotel>(bytes));
