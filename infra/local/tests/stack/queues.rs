//! The queues, their dead letters and their consumers go together.

use std::collections::BTreeSet;

use local::template::Template;
use serde_yaml_ng::Value;

use crate::documents::{Document, tagged};

/// Each queue with where its messages go that are delivered too often.
const QUEUES: [(&str, &str); 2] = [("Provision", "DeadLetters"), ("Events", "EventsDeadLetters")];

fn seconds(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn queues() -> Document {
    Document::read("infra/stacks/queues.yaml")
}

#[test]
fn messages_stay_hidden_for_six_of_the_consumers_timeouts() {
    let Template { queue, events, .. } = Template::read().unwrap();
    for queue in [queue, events] {
        assert!(queue.visibility_timeout >= 6 * queue.consumer_timeout);
    }
}

#[test]
fn dead_letters_outlive_the_queues_messages() {
    let document = queues();
    let resources = &document.root["Resources"];
    for (queue, dead) in QUEUES {
        let (queue, properties) = (&resources[queue]["Properties"], &resources[dead]["Properties"]);
        let target = tagged(&queue["RedrivePolicy"]["deadLetterTargetArn"], "GetAtt").unwrap().as_str().unwrap();
        assert_eq!(target, format!("{dead}.Arn"));
        // 14 days is the longest. A dead letter's age counts from when it was first sent.
        assert_eq!(seconds(&properties["MessageRetentionPeriod"]), 14 * 24 * 60 * 60);
        assert!(seconds(&queue["MessageRetentionPeriod"]) < seconds(&properties["MessageRetentionPeriod"]));
        assert_eq!(properties["RedriveAllowPolicy"]["redrivePermission"], "byQueue");
        let name = tagged(&queue["QueueName"], "Sub").unwrap().as_str().unwrap();
        let source = tagged(&properties["RedriveAllowPolicy"]["sourceQueueArns"][0], "Sub").unwrap().as_str().unwrap();
        assert!(source.ends_with(&format!(":{name}")), "{source} is not {name}");
    }
    let unpublished = &resources["Unpublished"]["Properties"];
    assert_eq!(seconds(&unpublished["MessageRetentionPeriod"]), 14 * 24 * 60 * 60);
}

#[test]
fn every_queue_is_encrypted_and_reached_by_tls_alone() {
    let document = queues();
    let queues = document.of_type("AWS::SQS::Queue");
    assert_eq!(queues.len(), 5);
    for (name, queue) in &queues {
        assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], true, "{name}");
    }
    let policy = &document.root["Resources"]["ByTlsOnly"]["Properties"];
    let names = |list: &Value, tag: &str| -> BTreeSet<String> {
        list.as_sequence().unwrap().iter().map(|it| tagged(it, tag).unwrap().as_str().unwrap().to_owned()).collect()
    };
    let all: BTreeSet<String> = queues.keys().cloned().collect();
    assert_eq!(names(&policy["Queues"], "Ref"), all);
    let statement = &policy["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    let arns = all.iter().map(|name| format!("{name}.Arn")).collect();
    assert_eq!(names(&statement["Resource"], "GetAtt"), arns);
}

/// What the stream's consumer cannot work off ends where somebody sees it, and never for ever in the way.
#[test]
fn a_record_that_fails_again_and_again_is_put_aside() {
    let template = Document::main();
    let mapping = &template.root["Resources"]["PublishEvents"]["Properties"]["Events"]["Stream"]["Properties"];
    assert_eq!(mapping["StartingPosition"], "TRIM_HORIZON");
    assert_eq!(mapping["FunctionResponseTypes"][0], "ReportBatchItemFailures");
    assert_eq!(mapping["BisectBatchOnFunctionError"], true);
    // The stream keeps a record for 24 hours, in which a person must have looked.
    assert!(mapping["MaximumRecordAgeInSeconds"].as_u64().unwrap() <= 6 * 3_600);
    let aside = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
    assert_eq!(tagged(aside, "GetAtt").unwrap(), "Queues.Outputs.UnpublishedArn");
    let alarms = Document::read("infra/stacks/alarms.yaml");
    for (alarm, name) in [("EventsUnpublished", "UnpublishedQueueName"), ("EventsGivenUp", "EventsDeadLetterQueueName")]
    {
        let dimension = &alarms.root["Resources"][alarm]["Properties"]["Dimensions"][0]["Value"];
        assert_eq!(tagged(dimension, "Ref").unwrap(), name);
    }
}

#[test]
fn nothing_throttles_receives() {
    let template = Document::main();
    assert!(template.root["Globals"]["Function"].get("ReservedConcurrentExecutions").is_none());
    for (function, name) in [("Provision", "ProvisionConcurrency"), ("DeliverEvents", "EventsConcurrency")] {
        let function = &template.root["Resources"][function]["Properties"];
        assert!(function.get("ReservedConcurrentExecutions").is_none());
        let concurrency = &function["Events"]["Queue"]["Properties"]["ScalingConfig"]["MaximumConcurrency"];
        assert_eq!(tagged(concurrency, "Ref").unwrap(), name);
        // Lambda takes 2 to 1000.
        let parameter = &template.root["Parameters"][name];
        assert_eq!((parameter["MinValue"].as_u64(), parameter["MaxValue"].as_u64()), (Some(2), Some(1000)));
    }
    let parallel = template.root["Parameters"]["EventsConcurrency"]["Default"].as_u64();
    assert_eq!(parallel, Some(local::poller::EVENT_POLLERS as u64));
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
