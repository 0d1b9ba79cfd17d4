//! The secret behind the confirmation tokens.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use shared::domain::token::{TokenSecret, TokenSecrets};

use crate::{error::StartError, store::DataFolder};

/// With a folder, the secret in it (made at the first start, readable by its owner alone); without, a new one.
pub fn tokens(folder: Option<&DataFolder>) -> Result<TokenSecrets, StartError> {
    let text = match folder {
        None => random()?,
        Some(folder) => kept(&folder.file("token-secret"))?,
    };
    let secret = TokenSecret::new(1, text).ok_or_else(|| StartError::new("the token secret is too short"))?;
    Ok(TokenSecrets::new(secret, None))
}

fn kept(file: &Path) -> Result<String, StartError> {
    let refuse =
        |cause: std::io::Error| StartError::new(format!("the token secret {} cannot be used: {cause}", file.display()));
    match std::fs::read_to_string(file) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => write(file).map_err(refuse)?,
        Err(cause) if cause.kind() == ErrorKind::NotFound => write(file).map_err(refuse)?,
        Err(cause) => Err(refuse(cause)),
    }
}

/// Written beside and moved into place, so that a start that is cut off leaves none or a whole one.
fn write(file: &Path) -> std::io::Result<Result<String, StartError>> {
    let text = match random() {
        Ok(text) => text,
        Err(fault) => return Ok(Err(fault)),
    };
    let beside = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out: File = options.open(&beside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    Ok(Ok(text))
}

fn random() -> Result<String, StartError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|cause| StartError::new(format!("no randomness for a secret: {cause}")))?;
    Ok(hex::encode(bytes))
}
