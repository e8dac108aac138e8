#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| datashard::fuzzing::manifest_list(bytes));
