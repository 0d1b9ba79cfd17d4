#![no_main]

fuzz_libfuzzer::program!("http_request");
