//! An endpoint that takes what it is told.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap};
use shared::{
    domain::{
        time::Timestamp,
        webhook::{WebhookEndpoint, WebhookEndpointId, WebhookSecret},
    },
    outbound::sign::SigningSecrets,
};

type Told = Arc<Mutex<Vec<(String, String)>>>;

pub(crate) struct Receiver {
    pub(crate) endpoint: WebhookEndpoint,
    told: Told,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId("ep_0123456789ab".to_owned()),
            url: format!("http://{}/hook?key=url-private", listener.local_addr().unwrap()),
            events: [].into(),
            secret: WebhookSecret(SigningSecrets::random_text().unwrap()),
            created_at: Timestamp::UNIX_EPOCH,
            disabled: false,
        };
        let told = Told::default();
        let router = Router::new().fallback(take).with_state(told.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, told }
    }

    /// Ids and bodies, in the order they came.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        self.told.lock().unwrap().clone()
    }
}

async fn take(State(told): State<Told>, headers: HeaderMap, body: Bytes) {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    told.lock().unwrap().push((id, String::from_utf8(body.to_vec()).unwrap()));
}
