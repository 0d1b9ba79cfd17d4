#![no_main]

fuzz_libfuzzer::program!("submit_payment");
