//! Holds an export of the table against what clients sent and were told: nothing lost, nothing twice, every line as bought.
//! It shares no code with the service: what must hold is written here once more, from the contract.
//!
//! `soak_check TABLE.json CLIENTS.jsonl SEED.json` - it ends with 1 and says what is wrong, if anything is.
#![allow(clippy::print_stdout, reason = "a command-line program's output")]

mod clients;
mod items;
mod lines;
mod orders;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
mod tests;

use std::{env, fs, process::ExitCode};

use serde_json::Value;

use crate::{clients::Sent, items::Table};

/// What is wrong, and figures of what is right.
#[derive(Default)]
struct Findings {
    lost: u64,
    doubled: u64,
    accepted: u64,
    completed: u64,
    made: u64,
    renewals: u64,
    payments: u64,
    wrong: Vec<String>,
}

impl Findings {
    fn wrong(&mut self, what: impl Into<String>) {
        self.wrong.push(what.into());
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [table, clients, seed] = arguments.as_slice() else {
        eprintln!("usage: soak_check TABLE.json CLIENTS.jsonl SEED.json");
        return ExitCode::FAILURE;
    };
    match check(table, clients, seed) {
        Ok(findings) => report(&findings),
        Err(fault) => {
            eprintln!("soak_check: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn check(table: &str, clients: &str, seed: &str) -> Result<Findings, Box<dyn std::error::Error>> {
    let items: Vec<Value> = serde_json::from_str(&fs::read_to_string(table)?)?;
    let seed: Value = serde_json::from_str(&fs::read_to_string(seed)?)?;
    let table = Table::new(&items);
    let mut findings = Findings::default();
    let sent = Sent::read(&fs::read_to_string(clients)?, &mut findings)?;
    orders::check(&table, &sent, &seed, &mut findings);
    lines::check(&table, &seed, &mut findings);
    Ok(findings)
}

fn report(findings: &Findings) -> ExitCode {
    let Findings { lost, doubled, accepted, completed, made, renewals, payments, wrong } = findings;
    println!(
        "orders accepted {accepted}, completed {completed}, lost {lost}, doubled {doubled}; lines made {made}, renewals \
         {renewals}, payments {payments}; wrong {}",
        wrong.len()
    );
    for what in wrong.iter().take(20) {
        println!("wrong: {what}");
    }
    // A check of nothing would always pass.
    if wrong.is_empty() && *accepted > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
