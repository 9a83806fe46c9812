//! See `fuzz::item_codec`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::item_codec::run(data));
