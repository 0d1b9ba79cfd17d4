//! What the documents say of `ops`: every command is one, and the README's run is what these commands write.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use clap::Parser;
use ops::cli::Arguments;
use regex::Regex;

use crate::program::Desk;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The words of a shell command; only single quotes are understood.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for letter in command.replace("\\\n", " ").chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            letter if letter.is_whitespace() && !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The commands of a document: lines of its shell blocks, and spans of code within a line.
fn commands(document: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (index, part) in document.split("```").enumerate() {
        if index % 2 == 1 {
            let lines = part.lines().map(|line| line.trim_start_matches("$ ").to_owned());
            commands.extend(lines.filter(|line| line.starts_with("ops ")));
        } else {
            let spans =
                part.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
            commands.extend(spans.filter(|span| span.starts_with("ops ")));
        }
    }
    commands
}

#[test]
fn every_command_of_the_documents_is_one() {
    let mut count = 0;
    for document in ["README.md", "infra/docs/runbook.md", "infra/ops/README.md"] {
        for command in commands(&text(document)) {
            if let Err(error) = Arguments::try_parse_from(words(&command)) {
                let help = !error.use_stderr();
                assert!(help, "{document}: {command}: {error}");
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_outputs_that_the_documents_name_are_the_stacks() {
    let template = text("template.yaml");
    let (_, outputs) = template.split_once("\nOutputs:\n").unwrap();
    let mut count = 0;
    for document in ["README.md", "infra/docs/runbook.md"] {
        let document = text(document);
        for name in document.split("$(out ").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(outputs.contains(&format!("\n  {name}:")) || outputs.starts_with(&format!("  {name}:")), "{name}");
            count += 1;
        }
    }
    assert!(count >= 6, "{count}");
}

/// A command of the README's run with what it writes.
struct Step {
    command: String,
    output: String,
}

/// The blocks of the run in the README.
fn steps(readme: &str) -> Vec<Step> {
    let blocks = readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .flat_map(|block| block.strip_prefix("$ ").unwrap().split("\n$ "))
        .map(|step| {
            let mut lines = step.lines().peekable();
            let mut command = lines.next().unwrap().to_owned();
            while command.ends_with('\\') {
                command = format!("{command}\n{}", lines.next().unwrap());
            }
            let output = lines.flat_map(|line| [line, "\n"]).collect();
            Step { command, output }
        })
        .collect()
}

/// What differs from run to run, by a name.
fn normal(text: &str) -> String {
    let rules = [
        (r"wo_[0-9a-f]{64}", "SECRET"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
        (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", "TIME"),
        (r"\b[0-9a-f]{8}\b", "ID"),
        (r"WO-\d{4}-", "WO-YEAR-"),
        ("\"confirmation_token\":\"[0-9A-Za-z]{44}\"", "TOKEN"),
    ];
    rules
        .iter()
        .fold(text.to_owned(), |text, (rule, name)| Regex::new(rule).unwrap().replace_all(&text, *name).into_owned())
}

async fn curl(words: &[String]) -> String {
    let after = |flag: &str| {
        let pairs = words.iter().zip(words.iter().skip(1));
        pairs.filter(|(word, _)| *word == flag).map(|(_, it)| it.clone()).collect::<Vec<String>>()
    };
    let url = words.iter().find(|word| word.starts_with("http://")).unwrap();
    let body = after("-d").pop();
    let client = reqwest::Client::new();
    let mut request = if body.is_some() { client.post(url) } else { client.get(url) };
    for header in after("-H") {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(body.unwrap_or_default()).send().await.unwrap().text().await.unwrap() + "\n"
}

/// From nothing to a provisioned order. `README_UPDATE=1` writes what the commands write into the README.
#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_run_is_what_its_commands_write() {
    let readme = text("README.md");
    let update = std::env::var_os("README_UPDATE").is_some();
    let desk = Desk::empty().await;
    let secret = Regex::new("wo_[0-9a-f]{64}").unwrap();
    // What stands in the README, by what it is in this run.
    let mut known = BTreeMap::from([
        ("http://127.0.0.1:9000".to_owned(), desk.service.local.url.clone()),
        ("WO-2026-".to_owned(), chrono::Utc::now().format("WO-%Y-").to_string()),
    ]);
    let mut updated = readme.clone();
    let steps = steps(&readme);
    assert!(steps.len() >= 8, "{}", steps.len());
    for step in steps {
        let command = known.iter().fold(step.command.clone(), |command, (from, to)| command.replace(from, to));
        let words = words(&command);
        let mut written = String::new();
        // An order is provisioned a moment later.
        for _ in 0..50 {
            written = match words[0].as_str() {
                "curl" => curl(&words).await,
                "ops" => {
                    assert_eq!(words[1], "--local");
                    let arguments: Vec<&str> = words.iter().skip(2).map(String::as_str).collect();
                    let mut ops = desk.command(&arguments);
                    ops.current_dir(root());
                    crate::program::end(ops).await.done()
                }
                other => panic!("{other}"),
            };
            let reads = words[1..].iter().any(|word| word == "show" || word == "list" || word == "doctor");
            if !reads || normal(&written) == normal(&step.output) || (update && !written.contains("queued  ")) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if let Some(made) = secret.find(&written) {
            let stands = secret.find(&step.output).map_or("SECRET", |it| it.as_str());
            known.insert(stands.to_owned(), made.as_str().to_owned());
        }
        if update {
            let old = format!("$ {}\n{}", step.command, step.output);
            let back = written.replace(&desk.service.local.url, "http://127.0.0.1:9000");
            updated = updated.replacen(&old, &format!("$ {}\n{back}", step.command), 1);
        } else {
            assert_eq!(normal(&written), normal(&step.output), "{command}");
        }
    }
    if update {
        let (stands, made) = known.iter().find(|(_, made)| made.starts_with("wo_")).unwrap();
        std::fs::write(root().join("README.md"), updated.replace(stands.as_str(), made)).unwrap();
    }
    let lines = desk.service.items_of("line").await;
    assert_eq!(lines.len(), 1, "the run ends with a line");
}
