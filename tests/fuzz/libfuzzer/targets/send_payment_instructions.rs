#![no_main]

fuzz_libfuzzer::program!("send_payment_instructions");
