//! What an operator does to a running stack or to the local service: one file a group of commands.
//!
//! A further group: a module with a `clap` subcommand and its `run`, and a line in [`cli::Command`] and in [`run`].

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, Parser};

pub mod catalogue;
pub mod cli;
pub mod connection;
pub mod context;
pub mod dlq;
pub mod doctor;
pub mod error;
pub mod keys;
pub mod lines;
pub mod mask;
pub mod options;
pub mod orders;
pub mod output;
pub mod time;
pub mod webhooks;

use cli::{Arguments, Command};
use connection::Connection;
use context::Context;
use error::{Ended, OpsError};
use output::Out;

/// Runs the program with these arguments, its own name first. The exit code says how it ended ([`error`]).
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(refused) => {
            // Help and version are no errors; clap writes either to where it belongs.
            let _closed = refused.print();
            return ExitCode::from(if refused.use_stderr() { error::USAGE } else { error::DONE });
        }
    };
    if let Command::Completions { shell } = arguments.command {
        clap_complete::generate(shell, &mut Arguments::command(), "ops", &mut std::io::stdout());
        return ExitCode::from(error::DONE);
    }
    match work(arguments).await {
        Ok(ended) => ExitCode::from(ended.code()),
        Err(refused) => {
            eprintln!("ops: {}", output::escape_control_chars(&refused.to_string()));
            ExitCode::from(refused.code())
        }
    }
}

async fn work(arguments: Arguments) -> Result<Ended, OpsError> {
    let Arguments { common, command } = arguments;
    let connection = Connection::open(&common).await?;
    let context = Context::new(connection, Out::new(common.json), common);
    let ended = match command {
        Command::Keys(command) => keys::run(&context, command).await,
        Command::Catalogue(command) => catalogue::run(&context, command).await,
        Command::Orders(command) => orders::run(&context, command).await,
        Command::Lines(command) => lines::run(&context, command).await,
        Command::Dlq(command) => dlq::run(&context, command).await,
        Command::Webhooks(command) => webhooks::run(&context, command).await,
        Command::Doctor => doctor::run(&context).await,
        // Answered before anything is connected to.
        Command::Completions { .. } => Ok(Ended::Done),
    };
    ended.map_err(|error| context.connection.explained(error))
}
