//! A provisioner as infra/docs/provisioner.md wants one, written from there: each message once, nothing that comes late, everything set
//! and nothing added.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::FutureExt;
use serde_json::Value;
use shared::{
    domain::{provisioner::ProvisionerValues, status::Status, time::Timestamp},
    ports::{Orders, PortError, Provisioner, ProvisionerAnswer, ProvisionerError},
};
use uuid::Uuid;

use super::{
    Kind, Ports, Turn, World,
    digest::{Key, digest},
};

/// For how long a provisioner that has no time puts off the next call.
const RETRY_AFTER: Duration = Duration::from_secs(300);

/// What the provisioner knows of a message.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) order: Uuid,
    pub(crate) line: u64,
    pub(crate) effect: String,
    pub(crate) revision: u64,
    /// The bodies that came under its id: one, whoever sent it and whenever.
    pub(crate) bodies: BTreeSet<String>,
    /// The line as it was answered when it was done.
    pub(crate) done: Option<Value>,
    /// Was it refused for good?
    pub(crate) refused: bool,
    /// Calls that are on their way, and that nobody waits for any more.
    late: u32,
    /// What it says, the password aside, as a number.
    says: u64,
}

/// The provisioner.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestProvisioner {
    /// Is there one?
    pub(crate) there: bool,
    /// Does it refuse whatever it is told at the moment?
    pub(crate) refuses: bool,
    /// Its lines, as the messages have set them.
    pub(crate) lines: BTreeMap<u64, Value>,
    /// Messages by their ids.
    pub(crate) heard: BTreeMap<String, Heard>,
}

impl TestProvisioner {
    /// All that is known of a line, as a number.
    pub(super) fn digest(&self, line: u64) -> u64 {
        // The line is as the last message that was done has set it.
        let heard = self.heard.iter().filter(|(_, heard)| heard.line == line);
        let state = |heard: &Heard| (heard.says, heard.bodies.len(), heard.done.is_some(), heard.refused, heard.late);
        digest(&heard.map(|(id, heard)| (id, state(heard))).collect::<Vec<_>>())
    }

    /// Does what a message says, if it should.
    fn carry_out(&mut self, id: &str, body: &Value) -> ProvisionerAnswer {
        let refuse = |status: u16, code: &str| ProvisionerAnswer::Refused { status, code: Some(code.to_owned()) };
        let heard = self.heard.get_mut(id).unwrap();
        if let Some(line) = &heard.done {
            return answer(line);
        }
        if self.refuses {
            heard.refused = true;
            return refuse(422, "limit_reached");
        }
        let known = self.lines.get(&heard.line);
        if known.is_some_and(|known| known["revision"].as_u64().unwrap() >= heard.revision) {
            return refuse(412, "overtaken");
        }
        if known.is_none() && heard.effect == "suspend" {
            heard.refused = true;
            return refuse(404, "no_such_line");
        }
        let mut line = body["line"].clone();
        let own_name = || format!("tv-{}", body["line"]["username"].as_str().unwrap()).into();
        line["username"] = known.map_or_else(own_name, |known| known["username"].clone());
        if heard.effect != "create" {
            // Said once.
            line["password"] = known.map(|known| known["password"].clone()).unwrap_or_default();
        }
        line["external_id"] = format!("p{}", heard.line).into();
        heard.done = Some(line.clone());
        self.lines.insert(heard.line, line.clone());
        answer(&line)
    }
}

fn says(body: &Value) -> u64 {
    let mut body = body.clone();
    // Random, and nothing depends on it.
    body["line"].as_object_mut().map(|line| line.remove("password"));
    digest(&body.to_string())
}

fn answer(line: &Value) -> ProvisionerAnswer {
    let text = |field: &str| line[field].as_str().map(str::to_owned);
    ProvisionerAnswer::Done(ProvisionerValues {
        username: text("username"),
        external_id: text("external_id"),
        ..ProvisionerValues::default()
    })
}

impl Provisioner for Ports {
    fn is_configured(&self) -> bool {
        self.world.state().provisioner.there
    }

    async fn send(&self, id: &str, body: &str, _: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        let parsed: Value = serde_json::from_str(body).unwrap();
        let keys = [Key::ProvisionerState(parsed["line"]["id"].as_u64().unwrap())];
        let told = self.step(Kind::Tell, "tell panel", &keys, |turn| self.world.hear(id, body, &parsed, turn));
        let answered = told.await.map_err(|cause| ProvisionerError { cause, retry_after: None });
        answered.and_then(std::convert::identity)
    }
}

impl World {
    /// A call arrives at the provisioner.
    fn hear(&self, id: &str, body: &str, parsed: &Value, turn: Turn) -> Result<ProvisionerAnswer, ProvisionerError> {
        let fault = |text: &str| PortError::Unavailable(text.to_owned());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let order: Uuid = text(&parsed["order"]["id"]).parse().unwrap();
        let effect = text(&parsed["effect"]);
        let stored = self.memory.order(order).now_or_never().unwrap().unwrap();
        // Nothing is served for an order that was never paid, and nothing is switched off for one that stands.
        let accepted = match effect.as_str() {
            "suspend" => stored.is_some_and(|order| order.status() == Status::Canceled),
            _ => stored.is_some_and(|order| order.queued_at.is_some()),
        };
        let mut state = self.state();
        if !accepted {
            state
                .broken
                .push(format!("the provisioner was told to {effect} a line for an order that does not want it"));
        }
        let heard = state.provisioner.heard.entry(id.to_owned()).or_insert_with(|| Heard {
            order,
            line: parsed["line"]["id"].as_u64().unwrap(),
            effect,
            revision: parsed["line"]["revision"].as_u64().unwrap(),
            bodies: BTreeSet::new(),
            done: None,
            refused: false,
            late: 0,
            says: says(parsed),
        });
        heard.bodies.insert(body.to_owned());
        let bodies = heard.bodies.len();
        match turn {
            Turn::Late => heard.late += 1,
            Turn::Refuse if heard.done.is_none() => heard.refused = true,
            _ => {}
        }
        let done = heard.done.is_some();
        if bodies > 1 || parsed["id"] != id {
            state.broken.push(format!("the message {id} has {bodies} bodies, or another id inside"));
        }
        match turn {
            Turn::Late => {
                Err(ProvisionerError { cause: fault("the provisioner did not answer in time"), retry_after: None })
            }
            Turn::Later => {
                Err(ProvisionerError { cause: fault("the provisioner has no time"), retry_after: Some(RETRY_AFTER) })
            }
            Turn::Refuse if !done => {
                Ok(ProvisionerAnswer::Refused { status: 422, code: Some("limit_reached".to_owned()) })
            }
            _ => Ok(state.provisioner.carry_out(id, parsed)),
        }
    }

    /// Is a call on its way that nobody waits for?
    pub(crate) fn is_late(&self) -> bool {
        self.state().provisioner.heard.values().any(|heard| heard.late > 0)
    }

    /// It arrives.
    pub(crate) fn arrive_late(&self) {
        let line = {
            let mut state = self.state();
            let provisioner = &mut state.provisioner;
            let (id, heard) = provisioner.heard.iter_mut().find(|(_, heard)| heard.late > 0).unwrap();
            heard.late -= 1;
            let (id, body, line) = (id.clone(), heard.bodies.first().cloned().unwrap(), heard.line);
            let _nobody_waits = provisioner.carry_out(&id, &serde_json::from_str(&body).unwrap());
            line
        };
        self.refresh(&[Key::ProvisionerState(line)]);
    }

    /// Every message that the provisioner was ever told arrives once more.
    pub(crate) fn repeat_messages(&self) {
        let mut state = self.state();
        let provisioner = &mut state.provisioner;
        let messages: Vec<_> =
            provisioner.heard.iter().map(|(id, heard)| (id.clone(), heard.bodies.first().cloned().unwrap())).collect();
        for (id, body) in messages {
            let _nobody_waits = provisioner.carry_out(&id, &serde_json::from_str(&body).unwrap());
        }
    }
}
