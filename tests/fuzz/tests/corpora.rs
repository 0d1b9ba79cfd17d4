//! The corpora are what they say, and stay within the rules when they are cut up. `PROPTEST_CASES=100000` goes on for longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{collections::BTreeSet, fmt, fs, panic::catch_unwind, path::Path};

use fuzz::{
    TARGETS, Target,
    corpus::{Seed, dictionary, seeds},
    meter::alone,
    mutate::{Edit, edited},
};
use proptest::{prelude::*, test_runner::TestRunner};

/// Bytes of an input at most, but for those of the test of large ones.
const LONGEST: usize = 16 * 1024;

#[test]
fn every_seed_is_what_its_name_says() {
    let _alone = alone();
    let mut other = Vec::new();
    for target in &TARGETS {
        let seeds = seeds(target);
        for Seed { name, outcome, input } in &seeds {
            let became = catch_unwind(|| target.run(input)).unwrap_or_else(|_| "it panicked".to_owned());
            if became != *outcome {
                other.push(format!("{}/{name}: {became}", target.name));
            }
        }
        let accepted = ["200", "read", "done"];
        let understood = seeds.iter().filter(|seed| accepted.contains(&seed.outcome.as_str())).count();
        if understood < 2 || understood == seeds.len() {
            other.push(format!("{}: some seeds are to be accepted, and some not", target.name));
        }
    }
    assert!(other.is_empty(), "the corpora are not what their names say:\n{}", other.join("\n"));
}

#[test]
fn every_target_has_a_corpus_and_a_program_and_nothing_else_has() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    let within = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(here.join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.to_str().unwrap().trim_end_matches(".rs").to_owned()).collect()
    };
    assert_eq!(within("corpus"), names);
    assert_eq!(within("libfuzzer/targets"), names);
    let manifest = fs::read_to_string(here.join("libfuzzer/Cargo.toml")).unwrap();
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")), "{name} is no program");
        let program = fs::read_to_string(here.join(format!("libfuzzer/targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("\"{name}\"")), "{name} runs another target");
    }
}

/// What came over the wire from the real clients is in the corpus of whole requests, as it came: method, target, body.
#[test]
fn every_recorded_request_is_a_seed() {
    let seeds: BTreeSet<Vec<u8>> =
        seeds(Target::named("http_request")).into_iter().map(|seed| without_head(&seed.input)).collect();
    let mut count = 0;
    for line in include_str!("../../wire/client-requests.jsonl").lines() {
        let request: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| request[name].as_str().unwrap();
        let wanted = format!("{} {}\n\n{}", text("method"), text("target"), text("body"));
        assert!(seeds.contains(wanted.as_bytes()), "not in the corpus: {wanted}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

/// A request without its header lines.
fn without_head(input: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(input).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let line = head.lines().next().unwrap();
    format!("{line}\n\n{body}").into_bytes()
}

/// An input that says what it is when it fails.
#[derive(Clone)]
struct Input(Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || 0..4096usize;
    prop_oneof![
        (at(), 0..64usize).prop_map(|(at, length)| Edit::Cut { at, length }),
        (at(), 0..8u8).prop_map(|(at, bit)| Edit::Flip { at, bit }),
        (at(), at()).prop_map(|(at, piece)| Edit::Insert { at, piece }),
        (at(), at(), at(), 0..64usize).prop_map(|(at, seed, from, length)| Edit::Splice { at, seed, from, length }),
        (at(), 1..64usize, 2..40usize).prop_map(|(at, length, times)| Edit::Repeat { at, length, times }),
    ]
}

fn cut_up(name: &str) {
    let _alone = alone();
    let target = Target::named(name);
    let (inputs, dictionary) = (seeds(target).into_iter().map(|seed| seed.input).collect::<Vec<_>>(), dictionary());
    let input = (0..inputs.len(), prop::collection::vec(edit(), 1..6))
        .prop_map(|(seed, edits)| Input(edited(&inputs[seed], &edits, &inputs, &dictionary, LONGEST)));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) };
    TestRunner::new(config)
        .run(&input, |Input(input)| {
            target.run(&input);
            Ok(())
        })
        .unwrap_or_else(|fault| panic!("{name}: {fault}"));
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(1_000, |text| text.parse().unwrap())
}

macro_rules! cut_up {
    ($($name:ident)*) => {
        mod cut_up {
            $(
                #[test]
                fn $name() {
                    super::cut_up(stringify!($name));
                }
            )*
        }

        #[test]
        fn every_target_is_cut_up() {
            assert_eq!([$(stringify!($name)),*], TARGETS.map(|target| target.name));
        }
    };
}

cut_up! {
    api_gateway_event http_request complete_order complete_by_token create_work_order create_activation create_renewal
    get_work_order submit_payment send_payment_instructions complete_pending_order get_order list_orders sqs_event
    confirmation_token reference_code money
}
