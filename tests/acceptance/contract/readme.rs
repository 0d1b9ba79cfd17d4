//! The README's examples: its commands are requests as infra/openapi.yaml has them, its JSON the replies to them.

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::openapi::{self, Operation};

const README: &str = include_str!("../../../README.md");

/// The fenced blocks, each with its language.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = README.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// The words of a shell command; only single quotes are understood.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in command.replace("\\\n", " ").split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        let mut parts = part.split_whitespace();
        if part.starts_with(char::is_whitespace) {
            words.push(String::new());
        }
        if let Some(first) = parts.next() {
            words.last_mut().unwrap().push_str(first);
        }
        words.extend(parts.map(str::to_owned));
        if part.ends_with(char::is_whitespace) && !part.trim().is_empty() {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a curl command asks for: the operation, the query, the body.
fn request(command: &str) -> (Operation, String, Option<String>) {
    let words = words(command);
    let after = |flag: &str| words.iter().position(|word| word == flag).map(|place| words[place + 1].clone());
    let url = words.iter().find(|word| word.contains("://")).unwrap_or_else(|| panic!("no URL in {command}"));
    let (_, rest) = url.split_once("://").unwrap();
    let target = &rest[rest.find('/').unwrap()..];
    let body = after("-d");
    let method = after("-X").unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    let operation = openapi::operations_of(target).into_iter().find(|operation| operation.method == method);
    let operation = operation.unwrap_or_else(|| panic!("{method} {target} is not documented"));
    (operation, target.split_once('?').unwrap_or_default().1.to_owned(), body)
}

/// The names of an operation's query parameters, and which must be there.
fn parameters(operation: &Operation) -> Vec<(&'static str, bool)> {
    let list = openapi::at(&format!("{}/parameters", operation.place())).and_then(|(_, list)| list.as_array());
    let queries = list.into_iter().flatten().filter(|parameter| parameter["in"] == "query");
    queries.map(|parameter| (parameter["name"].as_str().unwrap(), parameter["required"] == true)).collect()
}

#[test]
fn its_commands_are_documented_requests() {
    let mut count = 0;
    for (_, block) in blocks().into_iter().filter(|(language, block)| *language == "sh" && block.contains("curl ")) {
        for command in block.split("curl ").skip(1) {
            let (operation, query, body) = request(command);
            if let Some(body) = body {
                let body = serde_json::from_str(&body).unwrap_or_else(|fault| panic!("{fault}: {body}"));
                openapi::check_request(&operation, &body).unwrap_or_else(|fault| panic!("{command}{fault}"));
            }
            let known = parameters(&operation);
            let sent: Vec<&str> = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
            assert!(
                sent.iter().all(|name| *name == "action" || known.iter().any(|(known, _)| known == name)),
                "{query}"
            );
            assert!(known.iter().all(|(name, required)| !required || sent.contains(name)), "{command}");
            count += 1;
        }
    }
    assert!(count >= 4, "{count}");
}

#[test]
fn its_json_is_what_the_command_before_it_is_answered() {
    let mut count = 0;
    let mut last = None;
    for (language, block) in blocks() {
        match language {
            "sh" => last = block.split("curl ").last().filter(|_| block.contains("curl ")).map(request).or(last),
            "json" => {
                let reply: Value = serde_json::from_str(block).unwrap_or_else(|fault| panic!("{fault}: {block}"));
                let (operation, ..) = last.as_ref().expect("a command before");
                let place = format!("{}/responses/200/content/application~1json", operation.place());
                openapi::check(&place, &reply).unwrap_or_else(|fault| panic!("{block}{fault}"));
                count += 1;
            }
            _ => {}
        }
    }
    assert!(count >= 1, "{count}");
}

/// The tests that `tests/removed_rules.md` names are there, so that a test that is renamed or goes does not leave its rule unproven.
#[test]
fn removed_rules_name_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut code = String::new();
    let mut folders: Vec<PathBuf> = ["tests", "infra", "shared/src"].map(|name| root.join(name)).into();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let rules = include_str!("../../removed_rules.md");
    let mut count = 0;
    for row in rules.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule")) {
        let failed = row.trim_matches('|').split('|').next_back().unwrap();
        for name in failed.split('`').skip(1).step_by(2).filter(|name| *name != "events") {
            // A test's function, a target of the fuzz tests, or a rule of their corpora.
            let is_there = code.contains(&format!("fn {name}(")) || code.contains(&format!("name: \"{name}\""));
            assert!(is_there, "there is no test {name}, which should fail without: {row}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}
