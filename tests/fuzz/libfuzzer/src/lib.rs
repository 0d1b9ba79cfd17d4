//! A target of `fuzz` as a program for libFuzzer.

pub use fuzz;
pub use libfuzzer_sys;

/// Bytes of an input that is mutated as a whole.
pub const LONG: usize = 8 * 1024;

/// The program of the target of this name. One mutation in 64 says a part of the input over and over, up to the largest input:
/// libFuzzer's own seldom come to that size. Of what has become long, seven in eight go on from its beginning alone, or there would
/// be time for little else.
#[macro_export]
macro_rules! program {
    ($name:literal) => {
        use $crate::libfuzzer_sys;

        static TARGET: std::sync::LazyLock<&'static $crate::fuzz::Target> =
            std::sync::LazyLock::new(|| $crate::fuzz::Target::named($name));

        libfuzzer_sys::fuzz_target!(|input: &[u8]| {
            TARGET.run(input);
        });

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            if size > $crate::LONG && seed % 8 != 0 {
                return libfuzzer_sys::fuzzer_mutate(data, $crate::LONG, $crate::LONG);
            }
            if seed % 64 != 0 || size == 0 {
                return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
            }
            let long = $crate::fuzz::mutate::stretched(&data[..size], max_size, seed);
            data[..long.len()].copy_from_slice(&long);
            long.len()
        });
    };
}
