//! See `fuzz::sorted_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sorted_file::run(data));
