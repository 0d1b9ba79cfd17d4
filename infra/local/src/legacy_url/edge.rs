//! The edge for the tests: the JavaScript of infra/edge/edge.yaml, run on events as CloudFront makes them.

use std::sync::LazyLock;

use rquickjs::{Context, Function, Runtime};
use serde_json::{Map, Value, json};

/// The function's code, as it is deployed.
pub(super) static CODE: LazyLock<String> = LazyLock::new(|| {
    let template = include_str!("../../../edge/edge.yaml");
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(template).unwrap();
    let properties = &template["Resources"]["Rewrite"]["Properties"];
    properties["FunctionCode"].as_str().unwrap().to_owned()
});

/// Calls `handler` as CloudFront does. `JSON.stringify` leaves the method out of what comes back.
const CALL: &str = "(request, raw) => {
    request = JSON.parse(request);
    request.rawQueryString = () => raw;
    return JSON.stringify(handler({ version: '1.0', context: { eventType: 'viewer-request' }, request }));
}";

/// The path that `url` has behind the edge. Nothing else of the request may have changed, nor may there be a reply.
pub(super) fn path_behind(url: &str) -> String {
    let mut request = request(url);
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let answer: String = context.with(|context| {
        context.eval::<(), _>(CODE.as_str()).unwrap();
        let call: Function<'_> = context.eval(CALL).unwrap();
        let raw = url.split_once('?').map(|(_, query)| query);
        call.call((request.to_string(), raw)).unwrap()
    });
    let answer: Value = serde_json::from_str(&answer).unwrap();
    request["uri"] = answer["uri"].clone();
    assert_eq!(answer, request, "{url}");
    answer["uri"].as_str().unwrap().to_owned()
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>
fn request(url: &str) -> Value {
    let (uri, query) = url.split_once('?').unwrap_or((url, ""));
    json!({
        "method": "POST",
        "uri": uri,
        "querystring": parameters(query),
        "headers": { "host": { "value": "d1.cloudfront.net" }, "x-panelr-api-key": { "value": "key" } },
        "cookies": {},
    })
}

/// A repeated parameter has its first value in `value` and all of them in `multiValue`.
fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(first) = parameters.get_mut(name) else {
            parameters.insert(name.to_owned(), json!({ "value": value }));
            continue;
        };
        if first.get("multiValue").is_none() {
            first["multiValue"] = json!([{ "value": first["value"] }]);
        }
        first["multiValue"].as_array_mut().unwrap().push(json!({ "value": value }));
    }
    parameters
}
