//! create_renewal and create_activation: complete_order with one item.

use super::{Refusal, Service, command::OrderRequest, complete_order::complete_cart, record::Recorded};
use crate::{
    domain::api_key::ApiKey,
    ports::{Found, Numbers, Orders, Queue},
};

/// create_activation's name in once-only keys.
pub const CREATE_ACTIVATION: &str = "create_activation";
/// create_renewal's name in once-only keys.
pub const CREATE_RENEWAL: &str = "create_renewal";

/// Records and queues an order for one new line.
pub async fn create_activation<S: Orders + Numbers, Q: Queue>(
    service: &Service<S, Q, ()>,
    caller: &ApiKey,
    header: Option<&str>,
    request: &OrderRequest,
    found: &Found,
) -> Result<Recorded, Refusal> {
    complete_cart(service, caller, CREATE_ACTIVATION, header, request, found).await
}

/// Records and queues an order for the renewal of one line, for the line's customer.
pub async fn create_renewal<S: Orders + Numbers, Q: Queue>(
    service: &Service<S, Q, ()>,
    caller: &ApiKey,
    header: Option<&str>,
    request: &OrderRequest,
    found: &Found,
) -> Result<Recorded, Refusal> {
    complete_cart(service, caller, CREATE_RENEWAL, header, request, found).await
}
