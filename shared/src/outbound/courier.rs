//! Events to endpoints.

use std::time::Duration;

use super::{
    endpoint::Endpoint as Address,
    post::{Fault, Outbound},
    sign::{Message, SigningSecrets},
};
use crate::{
    domain::{time::Timestamp, webhook::Endpoint},
    ports::{Courier, PostFault},
};

impl Courier for Outbound {
    async fn post(
        &self,
        endpoint: &Endpoint,
        id: &str,
        body: &str,
        at: Timestamp,
        patience: Duration,
    ) -> Result<u16, PostFault> {
        let address = Address::parse(&endpoint.url, self.reach())
            .map_err(|rule| PostFault::Unreachable(format!("its URL {rule}")))?;
        let secrets = SigningSecrets::parse(&endpoint.secret.0)
            .map_err(|rule| PostFault::Unreachable(format!("its secret {rule}")))?;
        let message = Message { id, at, body: body.as_bytes() };
        let posted = tokio::time::timeout(patience, self.post(&address, &secrets, &message)).await;
        match posted.unwrap_or(Err(Fault::Timeout)) {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.status),
            Ok(answer) => Err(PostFault::Status(answer.status)),
            Err(Fault::Timeout) => Err(PostFault::TimedOut),
            Err(fault) => Err(PostFault::Unreachable(fault.to_string())),
        }
    }
}
