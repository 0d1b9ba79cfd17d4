//! Every alarm has its section in the runbook, and every section its alarm.

use std::collections::BTreeSet;

use crate::documents::{Document, tagged, text};

#[test]
fn alarms_and_sections_are_the_same() {
    let alarms = Document::read("infra/stacks/alarms.yaml");
    let alarms = alarms.of_type("AWS::CloudWatch::Alarm");
    let runbook = text("infra/docs/runbook.md");
    let (_, part) = runbook.split_once("\n## Alarms\n").unwrap();
    let part = part.split("\n## ").next().unwrap();
    let sections: Vec<&str> = part.split("\n### ").skip(1).collect();
    let titles: BTreeSet<&str> = sections.iter().map(|section| section.lines().next().unwrap()).collect();
    assert_eq!(titles, alarms.keys().map(String::as_str).collect());
    for section in sections {
        for word in ["**Meaning.**", "**First look.**", "**Remedy.**"] {
            assert!(section.contains(word), "{word} is missing: {section}");
        }
    }
    for (name, alarm) in alarms {
        let properties = &alarm["Properties"];
        assert_eq!(tagged(&properties["AlarmName"], "Sub").unwrap().as_str().unwrap(), format!("${{Prefix}}-{name}"));
        let description = properties["AlarmDescription"].as_str().unwrap();
        assert!(description.ends_with(&format!("infra/docs/runbook.md, {name}.")), "{description}");
        assert_eq!(tagged(&properties["AlarmActions"][0], "Ref").unwrap(), "Topic", "{name} tells nobody");
    }
}
