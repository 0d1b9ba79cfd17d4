//! The API's default route: unknown paths and wrong methods, in the envelope of their side.

use lambda_http::{Request, RequestExt};
use shared::lambda::{http::Side, panelr, reply::Reply, shoppex};

/// Every route of the API: method and path, `{id}` for one segment. From template.yaml.
pub const ROUTES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// Answers a request.
pub fn handle(request: &Request) -> Reply {
    let path = request.raw_http_path();
    let side = Side::of_path(path);
    let allow = ROUTES.iter().find(|(_, route)| matches(route, path)).map(|(method, _)| *method);
    // With the right method it came here for its path: "takes POST only" would be no answer to a POST.
    let allow = allow.filter(|method| request.method() != method);
    let mut reply = match (side, allow) {
        (Side::Panelr, Some(method)) => {
            panelr::failure(405, &format!("This action takes {method} requests only."), "method_not_allowed")
        }
        (Side::Panelr, None) => panelr::failure(404, "Unknown action.", "unknown_action"),
        (Side::Shoppex, Some(method)) => {
            shoppex::failure(405, "METHOD_NOT_ALLOWED", &format!("This resource takes {method} requests only."))
        }
        (Side::Shoppex, None) => shoppex::failure(404, "NOT_FOUND", "There is no such resource."),
    };
    reply.allow = allow;
    reply
}

/// Does `path` end in the route? Before it there may be a stage. A slash at the end makes another path, as for the gateway.
fn matches(route: &str, path: &str) -> bool {
    let route: Vec<&str> = route.split('/').skip(1).collect();
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let Some(start) = path.len().checked_sub(route.len()).filter(|start| *start <= 1) else {
        return false;
    };
    let fits = |(segment, wanted): (&&str, &&str)| segment == wanted || (*wanted == "{id}" && !segment.is_empty());
    path.iter().skip(start).zip(&route).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_wrong_only_where_the_path_takes_another() {
        let status = |method: &str, path: &str| {
            let request =
                lambda_http::http::Request::builder().method(method).uri(path).body(lambda_http::Body::Empty).unwrap();
            handle(&request.with_raw_http_path(path)).status
        };
        assert_eq!(status("GET", "/api/complete_order"), 405);
        assert_eq!(status("POST", "/api/complete_order/"), 404);
        assert_eq!(status("POST", "/dev/v1/orders"), 405);
        assert_eq!(status("GET", "/api/complete"), 404);
    }

    #[test]
    fn routes_are_known_with_and_without_a_stage() {
        assert!(matches("/api/complete_order", "/api/complete_order"));
        assert!(matches("/api/complete_order", "/prod/api/complete_order"));
        assert!(!matches("/api/complete_order", "/api/complete_order/"));
        assert!(!matches("/api/complete_order", "/a/b/api/complete_order"));
        assert!(!matches("/api/complete_order", "/api/complete"));
        assert!(matches("/dev/v1/orders/{id}", "/dev/v1/orders/a%2Fb"));
        assert!(!matches("/dev/v1/orders/{id}", "/dev/v1/orders"));
        assert!(!matches("/dev/v1/orders/{id}", "/dev/v1/orders/"));
    }
}
