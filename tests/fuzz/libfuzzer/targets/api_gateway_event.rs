#![no_main]

fuzz_libfuzzer::program!("api_gateway_event");
