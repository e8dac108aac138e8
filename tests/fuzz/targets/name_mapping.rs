#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| datashard::fuzzing::name_mapping(bytes));
