//! What an earlier build stored reads through `ops` as it read then (tests/kept_data).

use std::path::{Path, PathBuf};

use local::{Local, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{command, end};

fn copy(from: &Path) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let packed = std::fs::File::open(from.join("orders.sqlite.gz")).unwrap();
    let mut database = std::fs::File::create(folder.path().join("orders.sqlite")).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut database).unwrap();
    (folder, serde_json::from_slice(&std::fs::read(from.join("expected.json")).unwrap()).unwrap())
}

/// `now` has every field of `then`, as it was. Fields may be added.
fn holds(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            then.iter().all(|(name, then)| now.get(name).is_some_and(|now| holds(now, then)))
        }
        (Value::Array(now), Value::Array(then)) => {
            now.len() == then.len() && now.iter().zip(then).all(|(now, then)| holds(now, then))
        }
        _ => now == then,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_reads_as_the_earlier_build_read_it() {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/kept_data");
    let builds = std::fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut read = 0;
    for build in builds {
        let (folder, expected) = copy(&build);
        let data = Some(folder.path().to_owned());
        let local = Local::start(Options { port: 0, data, background: false, ..Options::default() }).await.unwrap();
        let url = format!("--local={}", local.url);
        let mut reads: Vec<(Vec<&str>, &Value)> = vec![
            (vec!["keys", "list"], &expected["keys"]),
            (vec!["webhooks", "list", "--reveal"], &expected["webhooks"]),
            (vec!["catalogue", "export"], &expected["catalogue"]),
        ];
        for (kind, entries) in [("orders", &expected["orders"]), ("lines", &expected["lines"])] {
            let entries = entries.as_object().unwrap();
            assert!(!entries.is_empty());
            reads.extend(entries.iter().map(|(name, then)| (vec![kind, "show", name, "--reveal"], then)));
        }
        for (arguments, then) in reads {
            let ended = end(command(&[&[url.as_str(), "--json"], arguments.as_slice()].concat())).await;
            assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}: {ended:?}");
            let now = ended.json();
            assert!(holds(&now, then), "{arguments:?}\nnow  {now}\nthen {then}");
            read += 1;
        }
        local.stop().await;
    }
    assert!(read > 3);
}
