#![no_main]

fuzz_libfuzzer::program!("get_work_order");
