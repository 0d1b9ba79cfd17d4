#![no_main]

fuzz_libfuzzer::program!("confirmation_token");
