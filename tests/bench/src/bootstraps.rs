//! The functions' release binaries: those of a folder, or built now.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, write::DeflateEncoder};
use serde_json::Value;

use crate::fault::{Explain, Fault};

/// What a zip file of one file named `bootstrap` has beside its contents.
const ZIP_HEADERS: u64 = 116;

/// The binaries by their functions' names, from a folder laid out as `cargo lambda build` does (`<function>/bootstrap`).
pub(crate) fn in_folder(folder: &Path, functions: &[&str]) -> Result<BTreeMap<String, PathBuf>, Fault> {
    let file = |function: &&str| {
        let file = folder.join(function).join("bootstrap");
        let file = file.canonicalize().explain(file.display())?;
        Ok(((*function).to_owned(), file))
    };
    functions.iter().map(file).collect()
}

/// The processors that `cargo lambda build` builds for: the oldest of each kind that Lambda has.
const PROCESSOR: &str = if cfg!(target_arch = "aarch64") { "neoverse-n1" } else { "haswell" };

/// The same, built by cargo for this machine as `cargo lambda build` does for Lambda.
pub(crate) fn built(functions: &[&str]) -> Result<BTreeMap<String, PathBuf>, Fault> {
    eprintln!("Building {} functions; fat LTO takes a minute or more for each.", functions.len());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let packages = functions.iter().flat_map(|function| ["-p", function]);
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "--message-format=json-render-diagnostics"])
        .args(packages)
        .env("RUSTFLAGS", format!("-C target-cpu={PROCESSOR}"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .explain("cargo cannot be run")?;
    if !output.status.success() {
        return Err(Fault::new("the functions cannot be built"));
    }
    let text = String::from_utf8(output.stdout).explain("cargo's messages")?;
    let artifact = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let name = message.pointer("/target/name")?.as_str()?.to_owned();
        Some((name, PathBuf::from(message.get("executable")?.as_str()?)))
    };
    let found: BTreeMap<String, PathBuf> = text.lines().filter_map(artifact).collect();
    match functions.iter().find(|function| !found.contains_key(**function)) {
        None => Ok(found),
        Some(missing) => Err(Fault::new(format!("cargo built no {missing}"))),
    }
}

/// Bytes of a binary, and of the zip file that Lambda is given.
pub(crate) fn sizes(file: &Path) -> Result<(u64, u64), Fault> {
    let bytes = std::fs::read(file).explain(file.display())?;
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::default());
    zip.write_all(&bytes).explain("deflate")?;
    let zipped = zip.finish().explain("deflate")?;
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).explain("a size");
    Ok((length(&bytes)?, length(&zipped)? + ZIP_HEADERS))
}
