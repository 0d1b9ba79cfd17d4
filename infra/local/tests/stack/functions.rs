//! Each function's part of the template is what its code needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;
use shared::aws::dynamodb::layout;

use crate::documents::{Document, functions, tagged, text};

#[test]
fn the_environment_is_what_the_code_reads() {
    let template = Document::main();
    assert!(template.root["Globals"]["Function"].get("Environment").is_none(), "not every function reads the same");
    for (binary, function) in functions(&template) {
        let code = text(&format!("functions/{binary}/src/main.rs"));
        let reads = [
            ("environment.table()", &["TABLE_NAME"] as &[&str]),
            ("environment.queue()", &["QUEUE_URL"]),
            ("environment.events()", &["EVENTS_QUEUE_URL"]),
            ("environment.unpublished()", &["UNPUBLISHED_QUEUE_URL"]),
            ("Environment::webhook_address_policy()", &["EVENTS_ALLOW_PRIVATE"]),
            ("Environment::provisioner()", &["PROVISIONER_ALLOW_PRIVATE", "PROVISIONER_SECRET", "PROVISIONER_URL"]),
            ("Environment::api(", &["KEY_RATE"]),
            (
                "Environment::tokens()",
                &["TOKEN_SECRET", "TOKEN_SECRET_NEXT", "TOKEN_SECRET_PREVIOUS", "TOKEN_SECRET_VERSION"],
            ),
        ];
        let reads = reads.iter().filter(|(call, _)| code.contains(call));
        let wanted: BTreeSet<&str> = reads.flat_map(|(_, names)| names.iter().copied()).collect();
        let given = function["Properties"].get("Environment").map(|environment| &environment["Variables"]);
        let given = given.and_then(Value::as_mapping).into_iter().flatten();
        let given: BTreeSet<&str> = given.map(|(name, _)| name.as_str().unwrap()).collect();
        assert_eq!(given, wanted, "{binary}");
    }
}

/// SAM on one machine does not know what a resource's name will be: infra/local/sam-env.json says it.
#[test]
fn sam_on_one_machine_is_told_what_the_stack_would_say() {
    let told: serde_json::Value = serde_json::from_str(&text("infra/local/sam-env.json")).unwrap();
    let template = Document::main();
    let resources = template.root["Resources"].as_mapping().unwrap();
    let mut count = 0;
    for (binary, function) in functions(&template) {
        let variables = function["Properties"].get("Environment").and_then(|it| it["Variables"].as_mapping());
        for (name, value) in variables.into_iter().flatten() {
            let of_a_resource = tagged(value, "GetAtt").is_some()
                || tagged(value, "Ref").and_then(Value::as_str).is_some_and(|it| resources.contains_key(it));
            if of_a_resource {
                let name = name.as_str().unwrap();
                assert!(told["Parameters"][name].is_string(), "{binary}: {name}");
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn every_function_of_the_workspace_is_deployed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let template = Document::main();
    assert_eq!(functions(&template).into_keys().collect::<BTreeSet<_>>(), there);
}

#[test]
fn indexes_in_policies_are_the_tables() {
    let template = Document::main();
    let mut named = BTreeSet::new();
    for (binary, function) in functions(&template) {
        let policies = function["Properties"].get("Policies").and_then(Value::as_sequence).into_iter().flatten();
        for statement in policies.flat_map(|policy| policy["Statement"].as_sequence().unwrap()) {
            let resources = statement["Resource"].as_sequence().cloned().unwrap_or(vec![statement["Resource"].clone()]);
            for resource in &resources {
                if let Some(text) = tagged(resource, "Sub").and_then(Value::as_str) {
                    let index = text.strip_prefix("${Table.Arn}/index/").unwrap_or_else(|| panic!("{binary}: {text}"));
                    named.insert(index.to_owned());
                } else {
                    const KNOWN: [&str; 5] = [
                        "Table.Arn",
                        "Table.StreamArn",
                        "Queues.Outputs.ProvisionArn",
                        "Queues.Outputs.EventsArn",
                        "Queues.Outputs.UnpublishedArn",
                    ];
                    let resource = tagged(resource, "GetAtt").and_then(Value::as_str).unwrap();
                    assert!(KNOWN.contains(&resource), "{binary}: {resource}");
                }
            }
        }
    }
    assert_eq!(named, BTreeSet::from([layout::CUSTOMER_INDEX.to_owned(), layout::OPEN_INDEX.to_owned()]));
}

#[test]
fn every_function_has_a_log_of_its_name_that_ends() {
    let template = Document::main();
    let nested = Document::read("infra/stacks/logs.yaml");
    let logs = nested.of_type("AWS::Logs::LogGroup");
    let mut used = BTreeSet::new();
    for (binary, function) in functions(&template) {
        let log = tagged(&function["Properties"]["LoggingConfig"]["LogGroup"], "GetAtt").unwrap().as_str().unwrap();
        let output = log.strip_prefix("Logs.Outputs.").unwrap();
        let log = tagged(&nested.root["Outputs"][output]["Value"], "Ref").unwrap().as_str().unwrap();
        let properties = &logs[log]["Properties"];
        let name = tagged(&properties["LogGroupName"], "Sub").unwrap();
        assert_eq!(name.as_str().unwrap(), format!("/${{Prefix}}/{binary}"));
        assert!(used.insert(log), "{binary} shares its log");
    }
    for (name, log) in &logs {
        assert_eq!(tagged(&log["Properties"]["RetentionInDays"], "Ref").unwrap(), "LogRetention", "{name}");
    }
    // Metrics are lines that must stay as they are written.
    assert_eq!(template.root["Globals"]["Function"]["LoggingConfig"]["LogFormat"], "Text");
}

#[test]
fn no_log_has_a_query_string_or_a_referer() {
    let template = Document::main();
    let access = template.root["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap();
    let fields: BTreeMap<String, String> = serde_json::from_str(access).unwrap();
    for value in fields.values() {
        let known = ["request", "response", "integration", "identity.sourceIp", "routeKey", "path", "status"];
        let name = value.strip_prefix("$context.").unwrap();
        assert!(known.iter().any(|known| name.starts_with(known)), "{value} may hold anything");
    }
    let edge = Document::read("infra/edge/logs.yaml");
    let fields = edge.root["Resources"]["Delivery"]["Properties"]["RecordFields"].as_sequence().unwrap();
    for field in fields.iter().map(|field| field.as_str().unwrap()) {
        assert!(
            !["query", "Referer", "referer", "Cookie", "cookie"].iter().any(|word| field.contains(word)),
            "{field}"
        );
    }
}

#[test]
fn a_changed_parameter_makes_a_new_version_of_every_function() {
    let template = Document::main();
    let texts: BTreeSet<&str> = functions(&template)
        .into_iter()
        .map(|(binary, function)| {
            let properties = &function["Properties"];
            assert_eq!(properties["AutoPublishAliasAllProperties"], true);
            let text = tagged(&properties["VersionDescription"], "Sub").and_then(Value::as_str).unwrap();
            let reads_tokens =
                crate::documents::text(&format!("functions/{binary}/src/main.rs")).contains("::tokens()");
            // What each of them alone reads.
            let own = match binary.as_str() {
                "provision" => ", ${ProvisionerUrl} ${ProvisionerAllowPrivate} ${ProvisionerSecretId}",
                "deliver_events" => ", ${EventsAllowPrivate}",
                _ if reads_tokens => ", key rate ${KeyRate}, next ${TokenSecretNextId}",
                _ if text.contains("KeyRate") => ", key rate ${KeyRate}",
                _ => "",
            };
            text.strip_suffix(own).expect("its own parameters")
        })
        .collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    for parameter in ["Release", "Architecture", "MemorySize", "TokenSecretVersion"] {
        assert!(texts.iter().all(|text| text.contains(&format!("${{{parameter}}}"))), "{parameter}");
    }
    // Lambda publishes nothing where neither code nor configuration has changed.
    let globals = &template.root["Globals"]["Function"];
    assert!(tagged(&globals["Description"], "Sub").unwrap().as_str().unwrap().contains("${Release}"));
}

#[test]
fn deployments_are_rolled_back_by_alarms_that_there_are() {
    let template = Document::main();
    let alarms = Document::read("infra/stacks/alarms.yaml")
        .of_type("AWS::CloudWatch::Alarm")
        .into_keys()
        .collect::<BTreeSet<_>>();
    let preference = &template.root["Globals"]["Function"]["DeploymentPreference"];
    let named = preference["Alarms"].as_sequence().unwrap();
    assert!(!named.is_empty());
    for name in named {
        let name = tagged(name, "Sub").unwrap().as_str().unwrap();
        assert!(alarms.contains(name.strip_prefix("${AWS::StackName}-").unwrap()), "{name}");
    }
}

#[test]
fn routes_with_limits_of_their_own_are_routes() {
    let template = Document::main();
    let settings = template.root["Resources"]["Api"]["Properties"]["RouteSettings"].as_mapping().unwrap();
    let routes = local::template::Template::read().unwrap().routes;
    let routes: BTreeSet<String> = routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    for key in settings.keys().map(|key| key.as_str().unwrap()) {
        assert!(key == "$default" || routes.contains(key), "{key}");
    }
}

/// Requests a second, and at once, that the API lets through on each route; the README and infra/docs/security.md say so.
#[test]
fn every_route_is_throttled_as_it_is_said() {
    let template = Document::main();
    let api = &template.root["Resources"]["Api"]["Properties"];
    let limits = |settings: &Value| {
        let limit = |name: &str| settings[name].as_u64().unwrap();
        (limit("ThrottlingRateLimit"), limit("ThrottlingBurstLimit"))
    };
    let others = limits(&api["DefaultRouteSettings"]);
    assert_eq!(others, (100, 200));
    let of = |key: &str| api["RouteSettings"].get(key).map_or(others, limits);
    for route in local::template::Template::read().unwrap().routes {
        let sells = ["/api/complete_order", "/api/create_work_order", "/api/get_work_order"];
        let wanted = if sells.contains(&route.path.as_str()) { (500, 1_000) } else { (100, 200) };
        assert_eq!(of(&format!("{} {}", route.method, route.path)), wanted, "{} {}", route.method, route.path);
    }
    assert_eq!(of("$default"), (20, 40));
}

/// What has to name every function, and cannot derive it: each place that does not.
#[test]
fn every_function_is_in_all_its_places() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let folders = std::fs::read_dir(format!("{root}/functions")).unwrap().map(|entry| entry.unwrap().path());
    let folders: BTreeSet<String> = folders
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let template: BTreeSet<String> = functions(&Document::main()).into_keys().collect();
    assert_eq!(folders, template, "the folders of functions/, and the functions of template.yaml");
    let registered: Vec<&str> = local::functions::crates().collect();
    let (readme, budgets) = (text("functions/README.md"), text("tests/bench/budgets.json"));
    for name in folders {
        assert!(registered.contains(&name.as_str()), "infra/local/src/functions.rs does not register {name}");
        assert!(readme.contains(&format!("`{name}`")), "functions/README.md does not name {name}");
        let event = format!("{root}/tests/events/{name}.json");
        assert!(std::path::Path::new(&event).exists(), "tests/events has no event of {name}");
        // The function of a scenario begins its name: `get_work_order by token`, `provision, 10 orders`.
        let is_measured = ["\"", ", ", " by "].iter().any(|end| budgets.contains(&format!("\"{name}{end}")));
        assert!(is_measured, "tests/bench/budgets.json has no figures of {name}");
    }
}
