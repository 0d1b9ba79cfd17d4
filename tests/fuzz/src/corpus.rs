//! The corpora: a folder of seeds for each target, and one dictionary.

use std::{fs, path::Path};

use crate::Target;

/// A seed. Its file's name begins with what becomes of it: `200-two-products.json`.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The file's name.
    pub name: String,
    /// What its name says becomes of it.
    pub outcome: String,
    /// Its bytes.
    pub input: Vec<u8>,
}

/// A target's seeds, by their names.
pub fn seeds(target: &Target) -> Vec<Seed> {
    let folder = target.corpus();
    let entries = fs::read_dir(&folder).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    let seed = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let outcome = stem.split_once("--").unwrap_or_else(|| panic!("{name} does not say what becomes of it")).0;
        Seed { outcome: outcome.to_owned(), input: fs::read(path).expect("a file"), name }
    };
    let mut seeds: Vec<Seed> = entries.map(|entry| seed(&entry.expect("a file").path())).collect();
    seeds.sort_by(|a, b| a.name.cmp(&b.name));
    seeds
}

/// The pieces that parsers stumble over, from `dictionary.txt`, which is in libFuzzer's form: a text in quotes a line.
pub fn dictionary() -> Vec<Vec<u8>> {
    let lines = include_str!("../dictionary.txt").lines().map(str::trim);
    let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries.map(|line| entry(line).unwrap_or_else(|| panic!("dictionary.txt: {line}"))).collect()
}

/// `"..."` with `\\`, `\"` and `\xAB`.
fn entry(line: &str) -> Option<Vec<u8>> {
    let mut bytes = line.strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut piece = Vec::new();
    while let Some(byte) = bytes.next() {
        piece.push(match byte {
            b'\\' => match bytes.next()? {
                b'x' => {
                    let digits = [bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                quoted @ (b'\\' | b'"') => quoted,
                _ => return None,
            },
            b'"' => return None,
            plain => plain,
        });
    }
    Some(piece)
}
