//! See `fuzz::encrypted_item`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::encrypted_item::run(data));
