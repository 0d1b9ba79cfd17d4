#![no_main]

fuzz_libfuzzer::program!("create_work_order");
