//! The template and the templates it nests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_yaml_ng::Value;

/// A template.
pub(crate) struct Document {
    pub(crate) path: String,
    pub(crate) root: Value,
}

/// A file of the repository.
pub(crate) fn text(path: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&file).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

impl Document {
    pub(crate) fn read(path: &str) -> Self {
        Self { path: path.to_owned(), root: serde_yaml_ng::from_str(&text(path)).unwrap() }
    }

    /// The template.
    pub(crate) fn main() -> Self {
        Self::read("template.yaml")
    }

    /// The template and all that it nests.
    pub(crate) fn all() -> Vec<Self> {
        let main = Self::main();
        let nested: Vec<_> = main.nested().into_values().collect();
        assert!(nested.len() >= 3, "the nested templates were not found");
        std::iter::once(main).chain(nested).collect()
    }

    /// What it nests, by logical name.
    pub(crate) fn nested(&self) -> BTreeMap<String, Self> {
        let applications = self.of_type("AWS::Serverless::Application").into_iter();
        applications.map(|(name, app)| (name, Self::read(app["Properties"]["Location"].as_str().unwrap()))).collect()
    }

    /// The resources of a type.
    pub(crate) fn of_type(&self, kind: &str) -> BTreeMap<String, &Value> {
        let resources = self.root["Resources"].as_mapping().unwrap().iter();
        resources
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource))
            .collect()
    }

    /// The names in a section.
    pub(crate) fn names(&self, section: &str) -> BTreeSet<String> {
        let names = self.root.get(section).and_then(Value::as_mapping).into_iter().flatten();
        names.map(|(name, _)| name.as_str().unwrap().to_owned()).collect()
    }
}

/// The functions by their binaries.
pub(crate) fn functions(template: &Document) -> BTreeMap<String, &Value> {
    let functions = template.of_type("AWS::Serverless::Function").into_values();
    functions
        .map(|function| (function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap().to_owned(), function))
        .collect()
}

/// The value under an intrinsic function's tag, if it has that one.
pub(crate) fn tagged<'a>(value: &'a Value, tag: &str) -> Option<&'a Value> {
    match value {
        Value::Tagged(tagged) if tagged.tag == tag => Some(&tagged.value),
        _ => None,
    }
}
