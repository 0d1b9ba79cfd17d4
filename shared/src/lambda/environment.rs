//! A function's environment variables, read once.

use std::{env, fmt, sync::Arc};

use aws_sdk_dynamodb::config::Credentials;

use crate::{
    aws::{
        clients::{Aws, http_client},
        dynamodb::DynamoDb,
        sqs::Sqs,
    },
    domain::token::{TokenSecret, TokenSecrets},
    outbound::{
        address_policy::AddressPolicy, post::OutboundClient, provisioner::HttpProvisioner, sign::SigningSecrets,
        url::OutboundUrl,
    },
    ports::SystemClock,
    use_case::{context::Context, rate_limit::RateLimits},
};

/// A variable that is missing or cannot be used. The text names the variable, never its value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Not set, or empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// Set to something that cannot be used.
    #[error("the environment variable {0} {1}")]
    Unusable(&'static str, &'static str),
}

/// As the sentence: an error that ends `main` is written by its `Debug`.
impl fmt::Debug for EnvironmentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What a function's environment says.
pub struct Environment {
    aws: Aws,
}

/// The value of a variable.
pub fn required(name: &'static str) -> Result<String, EnvironmentError> {
    optional(name).ok_or(EnvironmentError::Missing(name))
}

/// The value of a variable that may be absent.
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Environment {
    /// Reads what Lambda puts into the environment: region and credentials. Endpoints may be set by
    /// `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL`, as for every AWS SDK.
    pub fn read() -> Result<Self, EnvironmentError> {
        let endpoint = |name| optional(name).or_else(|| optional("AWS_ENDPOINT_URL"));
        let (id, secret) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
        Ok(Self {
            aws: Aws {
                http: http_client(),
                region: required("AWS_REGION")?,
                // Lambda's credentials outlive the environment; they need no renewal.
                credentials: Credentials::new(id, secret, optional("AWS_SESSION_TOKEN"), None, "environment"),
                dynamodb_endpoint: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
                sqs_endpoint: endpoint("AWS_ENDPOINT_URL_SQS"),
            },
        })
    }

    /// The table `TABLE_NAME`.
    pub fn table(&self) -> Result<DynamoDb, EnvironmentError> {
        Ok(DynamoDb::new(self.aws.dynamodb(), required("TABLE_NAME")?))
    }

    /// The queue `QUEUE_URL`.
    pub fn queue(&self) -> Result<Sqs, EnvironmentError> {
        Ok(Sqs::new(self.aws.sqs(), required("QUEUE_URL")?))
    }

    /// The queue of events, `EVENTS_QUEUE_URL`.
    pub fn events(&self) -> Result<Sqs, EnvironmentError> {
        Ok(Sqs::new(self.aws.sqs(), required("EVENTS_QUEUE_URL")?))
    }

    /// The queue of what could not be published, `UNPUBLISHED_QUEUE_URL`.
    pub fn unpublished(&self) -> Result<Sqs, EnvironmentError> {
        Ok(Sqs::new(self.aws.sqs(), required("UNPUBLISHED_QUEUE_URL")?))
    }

    /// Which addresses events may be sent to: public ones, and with `EVENTS_ALLOW_PRIVATE` of `true` any.
    pub fn webhook_address_policy() -> Result<AddressPolicy, EnvironmentError> {
        match optional("EVENTS_ALLOW_PRIVATE").as_deref() {
            None | Some("false") => Ok(AddressPolicy::Public),
            Some("true") => Ok(AddressPolicy::Any),
            Some(_) => Err(EnvironmentError::Unusable("EVENTS_ALLOW_PRIVATE", "must be true or false")),
        }
    }

    /// The secrets of the confirmation tokens: `TOKEN_SECRET` with its number `TOKEN_SECRET_VERSION` (by default 1),
    /// `TOKEN_SECRET_PREVIOUS`, the one of the number before, while tokens of it are still about, and `TOKEN_SECRET_NEXT`,
    /// the one of the number after, while a rotation is under way.
    pub fn tokens() -> Result<TokenSecrets, EnvironmentError> {
        tokens(optional)
    }

    /// The provisioner: at `PROVISIONER_URL`, if that is set, its messages signed with `PROVISIONER_SECRET`. With
    /// `PROVISIONER_ALLOW_PRIVATE` of `true`, private addresses and http:// are allowed.
    pub fn provisioner() -> Result<Option<HttpProvisioner>, EnvironmentError> {
        provisioner(optional)
    }

    /// The context of a function behind the API: by the machine's clock, with the limit `KEY_RATE`, in requests a second
    /// and key (absent or 0: none).
    pub fn api<S, Q>(store: S, queue: Q) -> Result<Context<S, Q>, EnvironmentError> {
        const NUMBER: &str = "must be a number of requests a second";
        let rate = optional("KEY_RATE").map(|text| text.parse()).transpose();
        let rate = rate.map_err(|_| EnvironmentError::Unusable("KEY_RATE", NUMBER))?.unwrap_or_default();
        Ok(Context { limits: RateLimits::per_second(rate), ..Self::worker(store, queue) })
    }

    /// The context of a function without callers: by the machine's clock.
    pub fn worker<S, Q>(store: S, queue: Q) -> Context<S, Q> {
        Context { store, queue, clock: Arc::new(SystemClock), limits: RateLimits::default() }
    }
}

fn tokens(value: impl Fn(&str) -> Option<String>) -> Result<TokenSecrets, EnvironmentError> {
    const CURRENT: &str = "TOKEN_SECRET";
    const VERSION: &str = "TOKEN_SECRET_VERSION";
    let version: u32 = value(VERSION)
        .map_or(Ok(1), |text| text.parse().map_err(|_| EnvironmentError::Unusable(VERSION, "must be a number")))?;
    let secret = |name: &'static str, version: Option<u32>| {
        let secret = version.zip(value(name)).map(|(version, secret)| {
            TokenSecret::new(version, secret).ok_or(EnvironmentError::Unusable(name, "must have 16 characters or more"))
        });
        secret.transpose()
    };
    let current = secret(CURRENT, Some(version))?.ok_or(EnvironmentError::Missing(CURRENT))?;
    let previous = secret("TOKEN_SECRET_PREVIOUS", version.checked_sub(1).filter(|version| *version > 0))?;
    let next = secret("TOKEN_SECRET_NEXT", version.checked_add(1))?;
    Ok(TokenSecrets::new(current, previous).with_next(next))
}

fn provisioner(value: impl Fn(&str) -> Option<String>) -> Result<Option<HttpProvisioner>, EnvironmentError> {
    let Some(url) = value("PROVISIONER_URL") else { return Ok(None) };
    let policy = match value("PROVISIONER_ALLOW_PRIVATE").as_deref() {
        None | Some("false") => AddressPolicy::Public,
        Some("true") => AddressPolicy::Any,
        Some(_) => return Err(EnvironmentError::Unusable("PROVISIONER_ALLOW_PRIVATE", "must be true or false")),
    };
    let endpoint =
        OutboundUrl::parse(&url, policy).map_err(|why| EnvironmentError::Unusable("PROVISIONER_URL", why.rule()))?;
    let secret = value("PROVISIONER_SECRET").ok_or(EnvironmentError::Missing("PROVISIONER_SECRET"))?;
    let secrets =
        SigningSecrets::parse(&secret).map_err(|why| EnvironmentError::Unusable("PROVISIONER_SECRET", why.rule()))?;
    Ok(Some(HttpProvisioner { client: OutboundClient::new(policy), endpoint, secrets }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_of_the_secrets_that_the_environment_names() {
        let [a, b, c] = ["the first token secret", "the second token secret", "the third token secret"];
        let of = |variables: &[(&str, &str)]| {
            tokens(|name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
                .map_err(|error| error.to_string())
        };
        let order = uuid::Uuid::from_u128(7);
        let token = |version: u32, key: &str| {
            let secret = TokenSecret::new(version, key).expect("long enough");
            TokenSecrets::new(secret, None).token(order, version)
        };
        let known = |secrets: &TokenSecrets| [a, b, c].map(|key| secrets.verify(token(1, key).as_str()).is_some());
        let first = of(&[("TOKEN_SECRET", a)]).unwrap();
        assert_eq!((first.current_version(), known(&first)), (1, [true, false, false]));
        let told = of(&[("TOKEN_SECRET", a), ("TOKEN_SECRET_VERSION", "1"), ("TOKEN_SECRET_NEXT", b)]).unwrap();
        assert_eq!((told.current_version(), known(&told)), (1, [true, true, false]));
        assert_eq!(told.token(order, 1), token(1, a));
        assert_eq!(told.token(order, 2), token(2, b), "of an order that was made by one who has moved");
        let all = [
            ("TOKEN_SECRET", b),
            ("TOKEN_SECRET_VERSION", "2"),
            ("TOKEN_SECRET_PREVIOUS", a),
            ("TOKEN_SECRET_NEXT", c),
        ];
        let all = of(&all).unwrap();
        assert_eq!((all.current_version(), known(&all)), (2, [true, true, true]));
        let variable = "the environment variable ";
        for (variables, wrong) in [
            (&[][..], "TOKEN_SECRET is not set"),
            (&[("TOKEN_SECRET", "short")], "TOKEN_SECRET must have 16 characters or more"),
            (
                &[("TOKEN_SECRET", a), ("TOKEN_SECRET_NEXT", "short")],
                "TOKEN_SECRET_NEXT must have 16 characters or more",
            ),
            (&[("TOKEN_SECRET", a), ("TOKEN_SECRET_VERSION", "two")], "TOKEN_SECRET_VERSION must be a number"),
        ] {
            assert_eq!(of(variables).unwrap_err(), format!("{variable}{wrong}"));
        }
    }

    #[test]
    fn a_provisioner_is_where_the_environment_says() {
        const URL: &str = "PROVISIONER_URL";
        const PRIVATE: &str = "PROVISIONER_ALLOW_PRIVATE";
        const SECRET: (&str, &str) = ("PROVISIONER_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let of = |variables: &[(&str, &str)]| {
            let value =
                |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            provisioner(value)
                .map(|provisioner| provisioner.map(|provisioner| provisioner.endpoint.origin()))
                .map_err(|error| error.to_string())
        };
        let variable = "the environment variable ";
        assert_eq!(of(&[SECRET]), Ok(None), "none, as in a stack without a provisioner");
        let url = (URL, "https://panel.example.com/path");
        assert_eq!(of(&[url, SECRET]), Ok(Some("https://panel.example.com".to_owned())));
        assert_eq!(of(&[url]), Err(format!("{variable}PROVISIONER_SECRET is not set")));
        assert_eq!(of(&[url, SECRET, (PRIVATE, "yes")]), Err(format!("{variable}{PRIVATE} must be true or false")));
        let inside = (URL, "http://10.1.2.3/");
        assert_eq!(of(&[inside, SECRET, (PRIVATE, "true")]), Ok(Some("http://10.1.2.3".to_owned())));
        for private in [&[inside, SECRET] as &[_], &[inside, SECRET, (PRIVATE, "false")]] {
            assert_eq!(of(private), Err(format!("{variable}{URL} must begin with https://")));
        }
        let inside = (URL, "https://169.254.169.254/");
        assert_eq!(of(&[inside, SECRET]), Err(format!("{variable}{URL} must not name a private or a local address")));
    }
}
