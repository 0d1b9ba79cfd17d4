//! The queue, its dead letters and its consumer go together.

use local::template::Template;
use serde_yaml_ng::Value;

use crate::documents::{Document, tagged};

fn seconds(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn messages_stay_hidden_for_six_of_the_consumers_timeouts() {
    let queue = Template::read().unwrap().queue;
    assert!(queue.visibility_timeout >= 6 * queue.consumer_timeout);
}

#[test]
fn dead_letters_outlive_the_queues_messages() {
    let template = Document::main();
    let queue = &template.root["Resources"]["Queue"]["Properties"];
    let dead = &template.root["Resources"]["DeadLetterQueue"]["Properties"];
    // 14 days is the longest. A dead letter's age counts from when it was first sent.
    assert_eq!(seconds(&dead["MessageRetentionPeriod"]), 14 * 24 * 60 * 60);
    assert!(seconds(&queue["MessageRetentionPeriod"]) < seconds(&dead["MessageRetentionPeriod"]));
    let name = tagged(&queue["QueueName"], "Sub").unwrap().as_str().unwrap();
    let source = tagged(&dead["RedriveAllowPolicy"]["sourceQueueArns"][0], "Sub").unwrap().as_str().unwrap();
    assert!(source.ends_with(&format!(":{name}")), "{source} is not {name}");
}

#[test]
fn nothing_throttles_receives() {
    let template = Document::main();
    let provision = &template.root["Resources"]["Provision"]["Properties"];
    assert!(provision.get("ReservedConcurrentExecutions").is_none());
    assert!(template.root["Globals"]["Function"].get("ReservedConcurrentExecutions").is_none());
    let concurrency = &provision["Events"]["Queue"]["Properties"]["ScalingConfig"]["MaximumConcurrency"];
    assert_eq!(tagged(concurrency, "Ref").unwrap(), "ProvisionConcurrency");
    // Lambda takes 2 to 1000.
    let parameter = &template.root["Parameters"]["ProvisionConcurrency"];
    assert_eq!((parameter["MinValue"].as_u64(), parameter["MaxValue"].as_u64()), (Some(2), Some(1000)));
}

#[test]
fn what_holds_orders_outlives_the_stack() {
    let template = Document::main();
    for name in ["Table", "TokenSecret"] {
        let resource = &template.root["Resources"][name];
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&"Retain".into(), &"Retain".into())
        );
    }
    assert_eq!(template.root["Resources"]["Table"]["Properties"]["DeletionProtectionEnabled"], true);
}
