//! What every command works with: the connection, the output, who the operator is.

use std::io::{BufRead, IsTerminal, Write};

use shared::{
    aws::{dynamodb::DynamoDb, sqs::Sqs},
    domain::time::Timestamp,
    ports::{Clock, SystemClock},
    use_case::{self, rate_limit::RateLimits},
};

use crate::{connection::Connection, error::OpsError, options::GlobalOptions, output::Out};

/// The longest name of an operator, in characters. It stands in every change of a history.
const NAME: usize = 64;

/// What every command works with.
pub struct Context {
    /// The stack or the local service.
    pub connection: Connection,
    /// Where results go.
    pub out: Out,
    operator: Option<String>,
    yes: bool,
}

impl Context {
    /// From the command line.
    pub fn new(connection: Connection, out: Out, common: GlobalOptions) -> Self {
        Self { connection, out, operator: common.operator, yes: common.yes }
    }

    /// The store.
    pub fn store(&self) -> DynamoDb {
        self.connection.store()
    }

    /// What the use cases work with: the store and the provisioning queue.
    pub fn service(&self) -> Result<use_case::context::Context<DynamoDb, Sqs>, OpsError> {
        Ok(self.service_with(self.connection.queue()?))
    }

    /// The same, with this queue.
    pub fn service_with<Q>(&self, queue: Q) -> use_case::context::Context<DynamoDb, Q> {
        let (store, clock) = (self.store(), std::sync::Arc::new(SystemClock));
        use_case::context::Context { store, queue, clock, limits: RateLimits::default() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// Who makes the change, for the histories: `--as`, else the user's name on this machine.
    pub fn operator(&self) -> Result<String, OpsError> {
        let user = || ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let name = self.operator.clone().or_else(user).unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            return Err(OpsError::Usage("Say who you are, for the order's history: --as NAME.".to_owned()));
        }
        if name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(OpsError::Usage(format!("`--as` must have at most {NAME} characters, in one line.")));
        }
        Ok(name)
    }

    /// Asks before something that cannot be undone.
    pub fn confirm(&self, what: &str) -> Result<(), OpsError> {
        if self.yes {
            return Ok(());
        }
        let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
        if !stdin.is_terminal() {
            return Err(OpsError::Usage(format!("{what} Nobody is there to be asked: give --yes to do it.")));
        }
        let mut answer = String::new();
        let asked = write!(stderr, "{what} Go on? [y/N] ").and_then(|()| stderr.flush());
        asked.and_then(|()| stdin.lock().read_line(&mut answer)).map_err(|_| OpsError::refused("Nothing was done."))?;
        if agrees(&answer) { Ok(()) } else { Err(OpsError::refused("Nothing was done.")) }
    }
}

/// Only a yes is one; no answer is a no.
fn agrees(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        assert!(["y\n", "Y", " yes \n", "YES"].into_iter().all(agrees));
        assert!(!["", "\n", "n", "no", "yea", "y y", "ja"].into_iter().any(agrees));
    }
}
