//! See `fuzz::beacon_query`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::beacon_query::run(data));
