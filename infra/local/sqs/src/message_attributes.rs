//! Message attributes: named, typed values that travel beside a body.
//!
//! Rules: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind};

/// The most attributes a message may have.
const MAX_ATTRIBUTES: usize = 10;
/// The longest name, and the longest data type, in characters.
const MAX_NAME: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    Text(String),
    Binary(Vec<u8>),
}

/// The value of a message attribute with its data type: `String`, `Number` or `Binary`, each with
/// an optional label of the sender's behind a full stop (`Number.int`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeValue {
    data_type: String,
    payload: Payload,
}

impl AttributeValue {
    /// A value of type `String` or `Number`.
    ///
    /// # Errors
    /// `InvalidParameterValue` when the type is another, the text is empty or holds characters that
    /// a message may not hold, or a `Number` is none.
    pub fn text(data_type: impl Into<String>, text: impl Into<String>) -> Result<Self, Error> {
        let (data_type, text) = (data_type.into(), text.into());
        let base = base_type(&data_type)?;
        if base == "Binary" {
            return Err(refused(&data_type, "A Binary attribute needs a binary value."));
        }
        if text.is_empty() || !text.chars().all(is_allowed) {
            return Err(refused(&data_type, "The text is empty or holds invalid characters."));
        }
        if base == "Number" && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(refused(&data_type, "The value of a Number attribute is not a number."));
        }
        Ok(Self { data_type, payload: Payload::Text(text) })
    }

    /// A value of type `Binary`.
    ///
    /// # Errors
    /// `InvalidParameterValue` when the type is another or there are no bytes.
    pub fn binary(data_type: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Error> {
        let data_type = data_type.into();
        if base_type(&data_type)? != "Binary" || bytes.is_empty() {
            return Err(refused(&data_type, "A binary value needs the type Binary and a byte."));
        }
        Ok(Self { data_type, payload: Payload::Binary(bytes) })
    }

    /// The data type with its label.
    #[must_use]
    pub fn data_type(&self) -> &str {
        &self.data_type
    }

    /// The value of a `String` or `Number`.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.payload {
            Payload::Text(text) => Some(text),
            Payload::Binary(_) => None,
        }
    }

    /// The value of a `Binary`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.payload {
            Payload::Text(_) => None,
            Payload::Binary(bytes) => Some(bytes),
        }
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    fn size(&self) -> usize {
        let payload = match &self.payload {
            Payload::Text(text) => text.len(),
            Payload::Binary(bytes) => bytes.len(),
        };
        self.data_type.len() + payload
    }
}

/// Up to ten attributes by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageAttributes(BTreeMap<String, AttributeValue>);

impl MessageAttributes {
    /// Takes values under their names.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a name that SQS does not allow, or more than ten attributes.
    pub fn new(values: impl IntoIterator<Item = (String, AttributeValue)>) -> Result<Self, Error> {
        let values: BTreeMap<_, _> = values.into_iter().collect();
        if values.len() > MAX_ATTRIBUTES {
            let message = format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
                values.len()
            );
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        match values.keys().find(|name| !is_valid_name(name)) {
            Some(name) => Err(Error::parameter("MessageAttributeName", name, "Not a valid name.")),
            None => Ok(Self(values)),
        }
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    /// Names and values in ascending order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// What the attributes add to the size of their message: bytes of names, types and values.
    pub(crate) fn size(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.size()).sum()
    }
}

/// Whether a message may hold this character: those of XML 1.0, as the
/// [`SendMessage` reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html) lists them.
pub(crate) fn is_allowed(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..
    )
}

fn is_valid_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
}

fn base_type(data_type: &str) -> Result<&str, Error> {
    let base = data_type.split('.').next().unwrap_or_default();
    if matches!(base, "String" | "Number" | "Binary") && data_type.len() <= MAX_NAME {
        Ok(base)
    } else {
        Err(refused(data_type, "The type must be String, Number or Binary, with a label or none."))
    }
}

fn refused(data_type: &str, reason: &str) -> Error {
    Error::parameter("DataType", data_type, reason)
}
