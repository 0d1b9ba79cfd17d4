#![no_main]

fuzz_libfuzzer::program!("reference_code");
