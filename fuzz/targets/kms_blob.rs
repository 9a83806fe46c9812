//! See `fuzz::kms_blob`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::kms_blob::run(data));
