//! API Gateway's event itself. Input: its JSON.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;

use crate::{
    raw::route,
    send::{answer, documented},
    world::World,
};

/// Read as [`shared::lambda::http::run`] reads it, and answered by the function of its route; by the default route's if it has
/// none. The rest of the event need not fit the route.
pub(crate) fn api_gateway_event(input: &[u8]) -> String {
    let event: ApiGatewayV2httpRequest = serde_json::from_slice(input).unwrap_or_default();
    let key = event.route_key.clone().unwrap_or_default();
    let (method, path) = key.split_once(' ').unwrap_or_default();
    let function = route(method, path).map(|(function, _)| function);
    let answer = answer(&World::new(), function.unwrap_or("not_found"), event);
    if function.is_some() {
        documented(method, path, &answer);
    } else {
        assert!([404, 405, 414].contains(&answer.status), "{}", answer.text);
    }
    answer.status.to_string()
}
