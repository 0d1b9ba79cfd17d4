#![no_main]

fuzz_libfuzzer::program!("create_activation");
