#![no_main]

fuzz_libfuzzer::program!("money");
