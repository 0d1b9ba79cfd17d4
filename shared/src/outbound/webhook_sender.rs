//! Events to endpoints.

use std::time::Duration;

use super::{
    post::{OutboundClient, PostError},
    sign::{Message, SigningSecrets},
    url::OutboundUrl,
};
use crate::{
    domain::{time::Timestamp, webhook::WebhookEndpoint},
    ports::{WebhookError, WebhookSender},
};

impl WebhookSender for OutboundClient {
    async fn post(
        &self,
        endpoint: &WebhookEndpoint,
        id: &str,
        body: &str,
        at: Timestamp,
        patience: Duration,
    ) -> Result<u16, WebhookError> {
        let address = OutboundUrl::parse(&endpoint.url, self.policy())
            .map_err(|rule| WebhookError::Unreachable(format!("its URL {rule}")))?;
        let secrets = SigningSecrets::parse(&endpoint.secret.0)
            .map_err(|rule| WebhookError::Unreachable(format!("its secret {rule}")))?;
        let message = Message { id, at, body: body.as_bytes() };
        let posted = tokio::time::timeout(patience, self.post(&address, &secrets, &message)).await;
        match posted.unwrap_or(Err(PostError::Timeout)) {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.status),
            Ok(answer) => Err(WebhookError::Status(answer.status)),
            Err(PostError::Timeout) => Err(WebhookError::TimedOut),
            Err(fault) => Err(WebhookError::Unreachable(fault.to_string())),
        }
    }
}
