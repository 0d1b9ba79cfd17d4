#![no_main]

fuzz_libfuzzer::program!("complete_by_token");
