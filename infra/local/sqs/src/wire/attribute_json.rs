//! Message attributes in JSON. Binary values are base64 there.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::message::TRACE_HEADER;
use crate::message_attributes::{AttributeValue, MessageAttributes, Payload};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    data_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
}

pub(super) type AttributesJson = BTreeMap<String, AttributeJson>;

/// The attributes that a sender gives.
pub(super) fn read(attributes: Option<AttributesJson>) -> Result<MessageAttributes, Error> {
    let values = attributes.unwrap_or_default().into_iter();
    let values = values.map(|(name, json)| Ok((name, read_value(json)?)));
    MessageAttributes::new(values.collect::<Result<Vec<_>, Error>>()?)
}

/// The trace header among the system attributes that a sender gives; there are no others.
pub(super) fn read_trace_header(attributes: Option<AttributesJson>) -> Result<Option<AttributeValue>, Error> {
    let mut trace_header = None;
    for (name, json) in attributes.unwrap_or_default() {
        if name != TRACE_HEADER {
            let reason = "The only supported system attribute is AWSTraceHeader.";
            return Err(Error::parameter("MessageSystemAttributeName", name, reason));
        }
        trace_header = Some(read_value(json)?);
    }
    Ok(trace_header)
}

pub(super) fn write(value: &AttributeValue) -> AttributeJson {
    let data_type = Some(value.data_type().to_owned());
    match value.payload() {
        Payload::Text(text) => AttributeJson { data_type, string_value: Some(text.clone()), ..Default::default() },
        Payload::Binary(bytes) => {
            AttributeJson { data_type, binary_value: Some(STANDARD.encode(bytes)), ..Default::default() }
        }
    }
}

fn read_value(json: AttributeJson) -> Result<AttributeValue, Error> {
    let data_type = json.data_type.unwrap_or_default();
    match (json.string_value, json.binary_value) {
        (Some(text), None) => AttributeValue::text(data_type, text),
        (None, Some(encoded)) => {
            let bytes = STANDARD
                .decode(encoded)
                .map_err(|_| Error::parameter("BinaryValue", &data_type, "The value is not base64."))?;
            AttributeValue::binary(data_type, bytes)
        }
        _ => Err(Error::parameter("DataType", data_type, "There must be exactly one value.")),
    }
}
