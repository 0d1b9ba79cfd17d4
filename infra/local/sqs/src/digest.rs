//! MD5 digests as SQS computes them, which SDKs compare with what they sent and received.
//!
//! The encoding of attributes is on the
//! [message metadata page](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation).

use md5::{Digest, Md5};

use crate::message_attributes::{AttributeValue, Payload};

/// The digest of a message body in lower-case hexadecimal.
pub(crate) fn of_body(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// The digest of attributes in lower-case hexadecimal, or nothing when there are none.
///
/// `attributes` must come in ascending order of name.
pub(crate) fn of_attributes<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a AttributeValue)>) -> Option<String> {
    let mut attributes = attributes.into_iter().peekable();
    attributes.peek()?;
    let mut md5 = Md5::new();
    for (name, value) in attributes {
        update_field(&mut md5, name.as_bytes());
        update_field(&mut md5, value.data_type().as_bytes());
        // One byte tells text (1) from binary (2).
        match value.payload() {
            Payload::Text(text) => {
                md5.update([1]);
                update_field(&mut md5, text.as_bytes());
            }
            Payload::Binary(bytes) => {
                md5.update([2]);
                update_field(&mut md5, bytes);
            }
        }
    }
    Some(hex(&md5.finalize()))
}

/// A field is its length in four bytes, most significant first, and its bytes.
fn update_field(md5: &mut Md5, bytes: &[u8]) {
    // Fields are at most 1 MiB, so the length always fits.
    md5.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    md5.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::of_body;

    #[test]
    fn body_digest_is_plain_md5() {
        // The test suite of RFC 1321, appendix A.5.
        assert_eq!(of_body(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(of_body("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
