//! What a record of the table's stream says of an order. The stream has both images of an item, so that one record says
//! what a write has changed: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

use aws_lambda_events::dynamodb::EventRecord;
use serde_dynamo::AttributeValue;

use super::layout::{ORDER_PREFIX, PK};
use crate::ports::{OrderWrite, StreamRecord};

/// Reads a record.
pub fn read(record: EventRecord) -> StreamRecord {
    let change = record.change;
    let pk = match change.keys.get(PK) {
        Some(AttributeValue::S(pk)) => pk.clone(),
        _ => String::new(),
    };
    let sequence_number = change.sequence_number.unwrap_or_default();
    if !pk.starts_with(ORDER_PREFIX) || record.event_name == "REMOVE" {
        return StreamRecord { pk, sequence_number, write: Ok(None) };
    }
    // serde's own messages could quote what is stored.
    let order = |image: serde_dynamo::Item, which: &str| {
        serde_dynamo::from_item(image).map_err(|_| format!("its {which} image cannot be read"))
    };
    let old = (!change.old_image.is_empty()).then(|| order(change.old_image, "old")).transpose();
    let write = old.and_then(|old| Ok(Some(Box::new(OrderWrite { old, new: order(change.new_image, "new")? }))));
    StreamRecord { pk, sequence_number, write }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::dynamodb::Event;
    use serde_json::Value;

    use super::*;
    use crate::domain::event::events;

    const SAMPLE: &str = include_str!("../../../../tests/events/publish_events.json");

    fn read_all(sample: &Value) -> Vec<StreamRecord> {
        let event: Event = serde_json::from_value(sample.clone()).unwrap();
        event.records.into_iter().map(read).collect()
    }

    #[test]
    fn a_record_is_a_write_with_both_images() {
        let records = read_all(&serde_json::from_str(SAMPLE).unwrap());
        let told: Vec<String> = records
            .iter()
            .flat_map(|record| {
                let write = record.write.as_ref().unwrap().as_ref().unwrap();
                events(write.old.as_ref(), &write.new)
            })
            .map(|event| format!("{} {}", event.id, event.kind))
            .collect();
        assert_eq!(
            told,
            [
                "evt_8c0f2f6e5a0b8d1c9e4f0a1b2c3d4e5f_1 order.queued",
                "evt_8c0f2f6e5a0b8d1c9e4f0a1b2c3d4e5f_2 order.completed"
            ]
        );
    }

    /// As an operator publishes a record again, from what the AWS CLI prints: infra/docs/runbook.md, EventsUnpublished.
    #[test]
    fn a_record_need_not_say_when_it_was_made_nor_whence_it_comes() {
        let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
        let record = sample["Records"][1].as_object_mut().unwrap();
        record.remove("eventSourceARN");
        record["dynamodb"].as_object_mut().unwrap().remove("ApproximateCreationDateTime");
        assert!(read_all(&sample)[1].write.as_ref().unwrap().is_some());
    }

    #[test]
    fn what_is_no_order_is_passed_over_and_what_cannot_be_read_is_said_without_quoting_it() {
        let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
        sample["Records"][0]["dynamodb"]["Keys"]["pk"]["S"] = "number#42".into();
        sample["Records"][1]["dynamodb"]["NewImage"]["cart"] = serde_json::json!({ "S": "john@example.com" });
        let records = read_all(&sample);
        assert!(records[0].write.as_ref().unwrap().is_none());
        assert_eq!(records[1].write.as_ref().unwrap_err(), "its new image cannot be read");
        sample["Records"][1]["eventName"] = "REMOVE".into();
        assert!(read_all(&sample)[1].write.as_ref().unwrap().is_none());
    }
}
