//! infra/openapi.yaml, and whether messages agree with it.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::{Registry, Validator};
use local::{docs, legacy_url};
use serde_json::Value;
use shared::lambda::http::Side;

use crate::service::Answer;

/// Where schemas refer to the document; nothing is fetched.
const HERE: &str = "https://openapi.invalid/";
const JSON: &str = "/content/application~1json";
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The document.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_yaml_ng::from_str(docs::DOCUMENT).expect("infra/openapi.yaml is YAML"));

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let registry = Registry::new().add(HERE, &*DOCUMENT).expect("a document");
    registry.prepare().expect("a document whose references lead somewhere")
});

/// A validator for every schema of a message or parameter, by its place in the document.
static VALIDATORS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let compiled = |pointer: String| {
        let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
        let schema = serde_json::json!({ "$ref": format!("{HERE}#{fragment}") });
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        let validator = options.offline().with_registry(&REGISTRY).build(&schema);
        let validator = validator.unwrap_or_else(|fault| panic!("infra/openapi.yaml {pointer}: {fault}"));
        (pointer, validator)
    };
    places().into_iter().map(|place| place + "/schema").map(compiled).collect()
});

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// `POST`
    pub method: String,
    /// With `{id}` in it.
    pub path: String,
}

impl Operation {
    /// Its place in the document.
    pub fn place(&self) -> String {
        format!("/paths/{}/{}", escaped(&self.path), self.method.to_lowercase())
    }
}

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let each = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("a path item").keys().filter(|key| METHODS.contains(&key.as_str()));
        methods.map(|method| Operation { method: method.to_uppercase(), path: path.clone() }).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

/// The operations of a path as it is requested, the legacy URL's included.
pub fn operations_of(target: &str) -> Vec<Operation> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = legacy_url::rewrite(path, query);
    operations().into_iter().filter(|operation| fits(&operation.path, &path)).collect()
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let fit = |(wanted, segment): (&&str, &&str)| wanted == segment || (*wanted == "{id}" && !segment.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(fit)
}

/// What stands at a place, references followed, and where that is.
pub fn at(place: &str) -> Option<(String, &'static Value)> {
    let value = DOCUMENT.pointer(place)?;
    match value["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        Some(target) => at(target),
        None => Some((place.to_owned(), value)),
    }
}

/// Every place that has a schema for a message, a parameter or a header.
pub fn places() -> Vec<String> {
    fn look(value: &Value, place: &str, found: &mut Vec<String>) {
        let Value::Object(map) = value else { return };
        if map.contains_key("schema") {
            found.push(place.to_owned());
        }
        for (key, value) in map.iter().filter(|(key, _)| !["schema", "schemas", "example"].contains(&key.as_str())) {
            look(value, &format!("{place}/{}", escaped(key)), found);
        }
        if let Some(list) = map.get("parameters").and_then(Value::as_array) {
            for (index, value) in list.iter().enumerate() {
                look(value, &format!("{place}/parameters/{index}"), found);
            }
        }
    }
    let mut found = Vec::new();
    look(&DOCUMENT, "", &mut found);
    found
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Does a value fit the schema at a place?
pub fn check(place: &str, value: &Value) -> Result<(), String> {
    let place = format!("{place}/schema");
    let validator = VALIDATORS.get(&place).ok_or_else(|| format!("there is no {place}"))?;
    let faults: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if faults.is_empty() { Ok(()) } else { Err(format!("{place}: {}", faults.join("; "))) }
}

/// Does a body fit an operation's requests?
pub fn check_request(operation: &Operation, body: &Value) -> Result<(), String> {
    check(&format!("{}/requestBody{JSON}", operation.place()), body)
}

/// Is this the reply to such a request?
pub fn check_reply(method: &str, target: &str, answer: &Answer) -> Result<(), String> {
    let of_path = operations_of(target);
    let status = answer.status;
    let place = match of_path.iter().find(|operation| operation.method == method) {
        Some(_) if status == 405 => return Err("the method is documented".to_owned()),
        Some(operation) => format!("{}/responses/{status}", operation.place()),
        None if status != if of_path.is_empty() { 404 } else { 405 } => {
            return Err("the operation is not documented".to_owned());
        }
        None => match (of_path.first(), Side::of_path(target)) {
            (Some(other), _) => format!("{}/responses/405", other.place()),
            (None, Side::Panelr) => "/components/responses/UnknownAction".to_owned(),
            (None, Side::Shoppex) => "/components/responses/ShoppexNotFound".to_owned(),
        },
    };
    let (place, response) = at(&place).ok_or_else(|| format!("the status is not documented: no {place}"))?;
    if answer.headers.get("content-type").map(String::as_str) != Some("application/json") {
        return Err("the content type is another".to_owned());
    }
    for name in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
        check_header(&format!("{place}/headers/{name}"), answer.headers.get(&name.to_lowercase()))?;
    }
    check(&format!("{place}{JSON}"), &answer.json())
}

/// Is this what an endpoint is told?
pub fn check_event(body: &Value) -> Result<(), String> {
    let kind = body["type"].as_str().ok_or("it has no type")?;
    check(&format!("/webhooks/{}/post/requestBody{JSON}", escaped(kind)), body)
}

fn check_header(place: &str, value: Option<&String>) -> Result<(), String> {
    let (place, header) = at(place).ok_or_else(|| format!("there is no {place}"))?;
    let Some(text) = value else {
        return if header["required"] == true { Err(format!("{place} is missing")) } else { Ok(()) };
    };
    let number = text.parse::<u64>().map(Value::from);
    check(&place, &number.unwrap_or_else(|_| text.as_str().into()))
}

/// Every example at a place, with its name.
pub fn examples(place: &str) -> Vec<(String, &'static Value)> {
    let Some((place, holder)) = at(place) else { return Vec::new() };
    let alone = holder.get("example").map(|value| ("example".to_owned(), value));
    let names = holder["examples"].as_object().into_iter().flat_map(|examples| examples.keys());
    let by_name = names.map(|name| {
        let (_, example) = at(&format!("{place}/examples/{name}")).expect("an example");
        (name.clone(), &example["value"])
    });
    alone.into_iter().chain(by_name).collect()
}
