#![no_main]

fuzz_libfuzzer::program!("complete_order");
