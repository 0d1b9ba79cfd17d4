//! Claims of idempotency keys.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    DynamoDb,
    layout::{EXPIRES, Key, PK, from_item, to_item},
    orders::Put,
};
use crate::{
    domain::{
        claim::Claim,
        time::{Timestamp, to_sortable},
    },
    ports::{Claims, Made, PortError},
};

/// The attribute that says until when a claim holds, in a form that sorts.
const UNTIL: &str = "expires_at";

impl Claims for DynamoDb {
    async fn claim(&self, name: &str, claim: &Claim, now: Timestamp) -> Result<Made<Claim>, PortError> {
        let mut item = to_item(Key::claim(name), claim)?;
        item.insert(UNTIL.to_owned(), AttributeValue::S(to_sortable(claim.expires_at)));
        item.insert(EXPIRES.to_owned(), AttributeValue::N(claim.expires_at.timestamp().to_string()));
        let put = self
            .0
            .client
            .put_item()
            .condition_expression("attribute_not_exists(#pk) OR #until <= :now")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":now", AttributeValue::S(to_sortable(now)));
        match self.put(put, item).await? {
            Put::Stored => Ok(Made::New),
            Put::Refused(Some(item)) => Ok(Made::Existed(Box::new(from_item(item, "claim")?))),
            Put::Refused(None) => Err(PortError::Unavailable("PutItem: refused without the item".to_owned())),
        }
    }

    async fn find_claim(&self, name: &str) -> Result<Option<Claim>, PortError> {
        self.get(Key::claim(name)).await?.map(|item| from_item(item, "claim")).transpose()
    }
}
