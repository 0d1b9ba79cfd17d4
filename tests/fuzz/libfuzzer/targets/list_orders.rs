#![no_main]

fuzz_libfuzzer::program!("list_orders");
