#![no_main]

fuzz_libfuzzer::program!("sqs_event");
