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

/// What a zip file has for each of its files beside name and contents, the name twice: a header before it and one in the directory.
const ZIP_ENTRY: u64 = 30 + 46;
/// What it has at its end.
const ZIP_END: u64 = 22;

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

/// Bytes of a binary or of all files in a folder, and of the zip file that Lambda is given.
pub(crate) fn sizes(package: &Path) -> Result<(u64, u64), Fault> {
    let (size, zipped) = if package.is_dir() { contents(package, package)? } else { entry(package, "bootstrap")? };
    Ok((size, zipped + ZIP_END))
}

fn contents(root: &Path, folder: &Path) -> Result<(u64, u64), Fault> {
    let (mut size, mut zipped) = (0, 0);
    for file in std::fs::read_dir(folder).explain(folder.display())? {
        let file = file.explain(folder.display())?.path();
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        let (more, more_zipped) = if file.is_dir() { contents(root, &file)? } else { entry(&file, &name)? };
        size += more;
        zipped += more_zipped;
    }
    Ok((size, zipped))
}

fn entry(file: &Path, name: &str) -> Result<(u64, u64), Fault> {
    let bytes = std::fs::read(file).explain(file.display())?;
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::default());
    zip.write_all(&bytes).explain("deflate")?;
    let zipped = zip.finish().explain("deflate")?;
    let length = |count: usize| u64::try_from(count).explain("a size");
    // What deflate would lengthen is stored as it is.
    let stored = zipped.len().min(bytes.len());
    Ok((length(bytes.len())?, length(stored + 2 * name.len())? + ZIP_ENTRY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_a_file_or_all_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bootstrap");
        std::fs::write(&file, [7; 10_000]).unwrap();
        let (size, zipped) = sizes(&file).unwrap();
        assert_eq!(size, 10_000);
        assert!((116..200).contains(&zipped), "{zipped}");
        std::fs::create_dir(folder.path().join("more")).unwrap();
        std::fs::write(folder.path().join("more/x"), [1, 2]).unwrap();
        // A name of six letters stands twice, beside two headers and the bytes as they are.
        assert_eq!(sizes(folder.path()).unwrap(), (10_002, zipped + 76 + 12 + 2));
    }
}
