//! Every name that a template refers to is there.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use crate::documents::Document;

/// A name and how it is used.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reference {
    /// A parameter or a resource.
    Named(String),
    /// An attribute of a resource.
    Attribute(String, String),
    /// A condition.
    Condition(String),
}

/// `${Name}` and `${Name.Attribute}` of a text; `${!Name}` is none.
fn in_text(text: &str) -> Vec<Reference> {
    let starts = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    starts.filter(|name| !name.starts_with('!')).map(named).collect()
}

fn named(name: &str) -> Reference {
    match name.split_once('.') {
        Some((resource, attribute)) => Reference::Attribute(resource.to_owned(), attribute.to_owned()),
        None => Reference::Named(name.to_owned()),
    }
}

fn collect(value: &Value, found: &mut BTreeSet<Reference>) {
    match value {
        Value::Tagged(tagged) => {
            let text = tagged.value.as_str();
            match (tagged.tag.to_string().as_str(), text) {
                ("!Ref", Some(name)) => drop(found.insert(Reference::Named(name.to_owned()))),
                ("!GetAtt", Some(name)) => drop(found.insert(named(name))),
                ("!Sub", Some(text)) => found.extend(in_text(text)),
                ("!Condition", Some(name)) => drop(found.insert(Reference::Condition(name.to_owned()))),
                ("!If", None) => {
                    found.insert(Reference::Condition(tagged.value[0].as_str().unwrap().to_owned()));
                }
                ("!Equals" | "!Not" | "!And" | "!Or", None) => {}
                (tag, _) => panic!("the test does not know {tag} in this form"),
            }
            collect(&tagged.value, found);
        }
        Value::Sequence(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Mapping(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    (Some("Condition"), Some(name)) => drop(found.insert(Reference::Condition(name.to_owned()))),
                    (Some("DependsOn"), Some(name)) => drop(found.insert(Reference::Named(name.to_owned()))),
                    (Some(key), _) if key.starts_with("Fn::") || key == "Ref" => {
                        panic!("the test reads only short forms, not {key}")
                    }
                    _ => {}
                }
                collect(value, found);
            }
        }
        _ => {}
    }
}

fn references(document: &Document) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    collect(&document.root, &mut found);
    found
}

#[test]
fn every_reference_names_something() {
    for document in Document::all() {
        let (parameters, resources) = (document.names("Parameters"), document.names("Resources"));
        let conditions = document.names("Conditions");
        let found = references(&document);
        assert!(!found.is_empty());
        for reference in &found {
            let known = match reference {
                Reference::Named(name) => {
                    name.starts_with("AWS::") || parameters.contains(name) || resources.contains(name)
                }
                Reference::Attribute(name, _) => resources.contains(name),
                Reference::Condition(name) => conditions.contains(name),
            };
            assert!(known, "{}: {reference:?} names nothing", document.path);
        }
        for parameter in parameters {
            assert!(
                found.contains(&Reference::Named(parameter.clone())),
                "{}: nothing uses {parameter}",
                document.path
            );
        }
    }
}

#[test]
fn nested_templates_get_what_they_ask_for_and_give_what_is_taken() {
    let main = Document::main();
    let taken = references(&main);
    for (name, nested) in main.nested() {
        let given = main.root["Resources"][&name]["Properties"]["Parameters"].as_mapping().unwrap();
        let given: BTreeSet<String> = given.keys().map(|key| key.as_str().unwrap().to_owned()).collect();
        assert_eq!(given, nested.names("Parameters"), "{}", nested.path);
        for reference in &taken {
            if let Reference::Attribute(resource, attribute) = reference
                && *resource == name
            {
                let output = attribute.strip_prefix("Outputs.").unwrap();
                assert!(nested.names("Outputs").contains(output), "{} has no output {output}", nested.path);
            }
        }
    }
}

#[test]
fn the_template_stays_readable() {
    let lines = crate::documents::text("template.yaml").lines().count();
    assert!(lines < 700, "template.yaml has {lines} lines");
}
