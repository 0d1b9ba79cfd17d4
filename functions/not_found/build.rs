//! Derives the API's routes from template.yaml.

use std::{env, error::Error, fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let template = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../template.yaml");
    println!("cargo::rerun-if-changed={}", template.display());
    let mut routes = String::from("&[");
    for line in fs::read_to_string(template)?.lines().filter(|line| line.contains("Type: HttpApi")) {
        let value = |name: &str| {
            let rest = line.split_once(name).map(|(_, rest)| rest.trim_start());
            rest.and_then(|rest| rest.split([',', ' ', '}', '"']).find(|part| !part.is_empty()))
        };
        // A path may have braces of its own.
        let path = line.split_once("Path: \"").and_then(|(_, rest)| rest.split('"').next());
        if let (Some(method), Some(path)) = (value("Method:"), path) {
            write!(routes, "({method:?}, {path:?}),")?;
        }
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("routes.rs"), routes + "]")?;
    Ok(())
}
