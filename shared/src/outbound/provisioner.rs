//! The provisioner behind an HTTPS URL: infra/docs/provisioner.md.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    post::{Answer, OutboundClient},
    sign::{Message, SigningSecrets},
    url::OutboundUrl,
};
use crate::{
    domain::{provisioner::ProvisionerValues, time::Timestamp},
    ports::{PortError, Provisioner, ProvisionerAnswer, ProvisionerError},
};

/// Characters of a user name or a password.
const NAME_LIMIT: usize = 128;
/// Characters of a host or of the provisioner's own id.
const ID_LIMIT: usize = 255;
/// Characters of the word for why it refuses.
const CODE_LIMIT: usize = 40;

/// The provisioner at a URL.
#[derive(Debug, Clone)]
pub struct HttpProvisioner {
    /// The client.
    pub client: OutboundClient,
    /// Where it is.
    pub endpoint: OutboundUrl,
    /// What its messages are signed with.
    pub secrets: SigningSecrets,
}

impl Provisioner for HttpProvisioner {
    fn is_configured(&self) -> bool {
        true
    }

    async fn send(&self, id: &str, body: &str, at: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        let message = Message { id, at, body: body.as_bytes() };
        match self.client.post(&self.endpoint, &self.secrets, &message).await {
            Ok(answer) => read(&answer),
            Err(fault) => Err(passing(&fault.to_string())),
        }
    }
}

fn passing(cause: &str) -> ProvisionerError {
    ProvisionerError { cause: PortError::Unavailable(format!("the provisioner: {cause}")), retry_after: None }
}

/// What an answer means.
fn read(answer: &Answer) -> Result<ProvisionerAnswer, ProvisionerError> {
    match answer.status {
        200..=299 => values(&answer.body).map(ProvisionerAnswer::Done).map_err(passing),
        // Done before, with the values that were sent.
        409 => Ok(ProvisionerAnswer::Done(ProvisionerValues::default())),
        408 | 425 | 429 => Err(later(answer)),
        400..=499 => Ok(ProvisionerAnswer::Refused { status: answer.status, code: code(&answer.body) }),
        _ => Err(later(answer)),
    }
}

fn later(answer: &Answer) -> ProvisionerError {
    ProvisionerError { retry_after: answer.retry_after, ..passing(&format!("it answered {}", answer.status)) }
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    external_id: Option<Id>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

/// The values of an answer: nothing, or a JSON object. An answer that is something else comes from something else than the
/// provisioner, or was cut off.
fn values(body: &[u8]) -> Result<ProvisionerValues, &'static str> {
    if body.trim_ascii().is_empty() {
        return Ok(ProvisionerValues::default());
    }
    let said: Said = object(body).ok_or("its answer is not the JSON object that it should be")?;
    let external_id = said.external_id.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    });
    Ok(ProvisionerValues {
        username: usable(said.username, NAME_LIMIT).ok_or("the username in its answer cannot be used")?,
        password: usable(said.password, NAME_LIMIT).ok_or("the password in its answer cannot be used")?,
        host: usable(said.host, ID_LIMIT).ok_or("the host in its answer cannot be used")?,
        external_id: usable(external_id, ID_LIMIT).ok_or("the external_id in its answer cannot be used")?,
    })
}

/// A JSON object; serde would take a list of values for one.
fn object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    serde_json::from_value(Value::Object(fields)).ok()
}

/// An empty text is none; one that is too long or has control characters is refused.
#[allow(clippy::option_option, reason = "the outer says whether it is usable, the inner whether it is there")]
fn usable(text: Option<String>, limit: usize) -> Option<Option<String>> {
    let text = text.filter(|text| !text.is_empty());
    let good = text.as_ref().is_none_or(|text| text.chars().count() <= limit && !text.chars().any(char::is_control));
    good.then_some(text)
}

/// The provisioner's word for why it refuses, `{"code":"user_limit_reached"}`. It goes into logs; so only what can hold no
/// address, number or password is taken.
fn code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        code: String,
    }
    let code = object::<Refusal>(body)?.code;
    let good =
        !code.is_empty() && code.len() <= CODE_LIMIT && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    good.then_some(code)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<ProvisionerAnswer, ProvisionerError> {
        read(&Answer { status, body: body.as_bytes().to_vec(), retry_after: Some(Duration::from_secs(7)) })
    }

    fn done(status: u16, body: &str) -> ProvisionerValues {
        match answer(status, body) {
            Ok(ProvisionerAnswer::Done(said)) => said,
            other => panic!("{status} {body}: {other:?}"),
        }
    }

    #[test]
    fn what_is_said_is_taken_and_what_is_not_is_as_it_was_sent() {
        for (status, body) in
            [(200, ""), (204, ""), (201, " \n"), (200, "{}"), (409, ""), (409, "{\"username\":\"x\"}")]
        {
            assert!(done(status, body) == ProvisionerValues::default(), "{status} {body}");
        }
        let said =
            done(200, r#"{"username":"anna","password":"secret","host":"tv.example.com","external_id":77,"more":[]}"#);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!((said.username, said.password), (text("anna"), text("secret")));
        assert_eq!((said.host, said.external_id), (text("tv.example.com"), text("77")));
        assert_eq!(done(200, r#"{"username":null,"password":""}"#), ProvisionerValues::default());
    }

    #[test]
    fn an_answer_that_is_none_is_asked_for_again() {
        let long = format!(r#"{{"username":"{}"}}"#, "x".repeat(129));
        for body in
            ["OK", "<html>", "[]", "\"anna\"", "{\"username\":\"an", r#"{"username":7}"#, &long, r#"{"host":"a\nb"}"#]
        {
            let fault = answer(200, body).unwrap_err();
            assert!(fault.cause.to_string().starts_with("the provisioner: "), "{body}");
        }
    }

    #[test]
    fn statuses_are_done_refused_or_passing() {
        for status in [400, 401, 403, 404, 410, 418, 422, 451, 499] {
            assert_eq!(answer(status, ""), Ok(ProvisionerAnswer::Refused { status, code: None }));
        }
        for status in [301, 302, 304, 307, 408, 425, 429, 500, 502, 503, 504, 599] {
            let fault = answer(status, r#"{"username":"anna"}"#).unwrap_err();
            assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
            assert_eq!(fault.cause.to_string(), format!("the provisioner: it answered {status}"));
        }
    }

    #[test]
    fn a_refusal_keeps_a_plain_word_and_nothing_else() {
        let code = |body| match answer(422, body) {
            Ok(ProvisionerAnswer::Refused { code, .. }) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(r#"{"code":"user_limit_reached"}"#).as_deref(), Some("user_limit_reached"));
        let long = format!(r#"{{"code":"{}"}}"#, "x".repeat(41));
        for body in [
            r#"{"code":"john@example.com"}"#,
            r#"{"code":"line4201"}"#,
            r#"{"code":""}"#,
            r#"{"code":7}"#,
            r#"["limit"]"#,
            "no",
            &long,
        ] {
            assert_eq!(code(body), None, "{body}");
        }
    }
}
