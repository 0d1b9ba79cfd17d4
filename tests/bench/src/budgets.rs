//! Budgets: ceilings that people set, and the figures that were recorded, past which nothing may rise by more than 3 %.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    fault::{Explain, Fault},
    measure::Figures,
};

/// How far a figure may rise past the recorded one.
const RISE: f64 = 1.03;

/// The file of budgets.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Budgets {
    /// Ceilings of warm instructions where a scenario has none of its own.
    warm: Warm,
    /// Ceilings by scenario and figure.
    ceilings: BTreeMap<String, BTreeMap<String, f64>>,
    /// Recorded figures by processor, scenario and figure: libraries have other code for each processor.
    recorded: BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>,
}

/// Instructions of a warm invocation.
#[derive(Debug, Deserialize, Serialize)]
struct Warm {
    base_instructions: f64,
    a_call: f64,
}

impl Budgets {
    /// Reads the file.
    pub(crate) fn read(file: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(file).explain(file.display())?;
        serde_json::from_str(&text).explain(file.display())
    }

    /// Writes these figures down as the recorded ones of this processor.
    pub(crate) fn bless(&mut self, all: &[Figures], file: &Path) -> Result<(), Fault> {
        let recorded = self.recorded.entry(std::env::consts::ARCH.to_owned()).or_default();
        for figures in all {
            recorded.entry(figures.scenario.clone()).or_default().extend(named(figures).filter(|(name, _)| kept(name)));
        }
        let text = serde_json::to_string_pretty(self).explain("the budgets cannot be written")?;
        std::fs::write(file, text + "\n").explain(file.display())
    }

    /// The ceiling of a figure.
    pub(crate) fn ceiling(&self, figures: &Figures, name: &str) -> Option<f64> {
        let own = self.ceilings.get(&figures.scenario).and_then(|own| own.get(name)).copied();
        let usual = self.warm.base_instructions + self.warm.a_call * figures.warm.calls;
        own.or((name == "warm_instructions").then_some(usual))
    }

    /// The scenario and a sentence for each figure that is over its budget.
    pub(crate) fn broken(&self, all: &[Figures]) -> Vec<(String, String)> {
        let recorded = self.recorded.get(std::env::consts::ARCH);
        let mut sentences = Vec::new();
        for figures in all {
            let scenario = &figures.scenario;
            let mut broken = |sentence| sentences.push((scenario.clone(), sentence));
            let before = recorded.and_then(|recorded| recorded.get(scenario));
            if before.is_none() {
                broken(format!("nothing is recorded for {}; run --bless", std::env::consts::ARCH));
            }
            for (name, figure) in named(figures) {
                if let Some(ceiling) = self.ceiling(figures, &name).filter(|ceiling| figure > *ceiling) {
                    broken(format!("{name} is {figure}, over the ceiling of {ceiling}"));
                }
                if let Some(before) =
                    before.and_then(|before| before.get(&name)).filter(|before| figure > *before * RISE)
                {
                    let percent = (figure / before - 1.0) * 100.0;
                    broken(format!("{name} rose from {before} to {figure} ({percent:+.1} %)"));
                }
            }
        }
        sentences
    }
}

/// Is a figure the same on a busy machine?
fn kept(name: &str) -> bool {
    !matches!(name, "wall_at_5_ms" | "peak_rss_bytes")
}

/// The figures that have budgets, by their names in the file.
fn named(figures: &Figures) -> impl Iterator<Item = (String, f64)> {
    let number = |count: u64| Some(count as f64);
    let instructions = |count: Option<u64>| count.and_then(number);
    [
        ("init_instructions", instructions(figures.init.instructions)),
        ("first_instructions", instructions(figures.first.instructions)),
        ("warm_instructions", instructions(figures.warm.instructions)),
        ("init_calls", Some(figures.init.calls)),
        ("first_calls", Some(figures.first.calls)),
        ("warm_calls", Some(figures.warm.calls)),
        ("dynamodb_connections", number(figures.dynamodb_connections)),
        ("connections", number(figures.connections())),
        ("threads", number(figures.threads)),
        ("binary_bytes", number(figures.binary_bytes)),
        ("zip_bytes", number(figures.zip_bytes)),
        ("peak_rss_bytes", number(figures.peak_rss_bytes)),
        // The endpoints' own time is in it, and of a debug build that is most of it.
        ("wall_at_5_ms", (!cfg!(debug_assertions)).then_some(figures.wall_at_5_ms)),
    ]
    .into_iter()
    .filter_map(|(name, figure)| Some((name.to_owned(), figure?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Phase;

    fn figures() -> Figures {
        let phase = Phase { calls: 3.0, instructions: Some(1_000_000), ..Phase::default() };
        Figures {
            scenario: "complete_order".to_owned(),
            function: "complete_order".to_owned(),
            init: phase,
            first: phase,
            warm: phase,
            wall_at_5_ms: 10.0,
            dynamodb_connections: 1,
            sqs_connections: 1,
            peak_rss_bytes: 9_000_000,
            threads: 1,
            binary_bytes: 7_000_000,
            zip_bytes: 3_000_000,
            settling_calls: 0,
        }
    }

    fn budgets() -> Budgets {
        Budgets {
            warm: Warm { base_instructions: 300_000.0, a_call: 450_000.0 },
            ceilings: BTreeMap::new(),
            recorded: BTreeMap::new(),
        }
    }

    fn blessed() -> Budgets {
        let file = tempfile::NamedTempFile::new().unwrap();
        budgets().bless(&[figures()], file.path()).unwrap();
        Budgets::read(file.path()).unwrap()
    }

    /// All of them of complete_order.
    fn sentences(budgets: &Budgets, figures: Figures) -> Vec<String> {
        let broken = budgets.broken(&[figures]).into_iter();
        broken.map(|(scenario, sentence)| (scenario == "complete_order").then_some(sentence).unwrap()).collect()
    }

    #[test]
    fn what_was_recorded_holds() {
        assert_eq!(blessed().broken(&[figures()]), []);
        let mut a_little = figures();
        a_little.warm.instructions = Some(1_029_000);
        a_little.init.instructions = Some(500_000);
        a_little.peak_rss_bytes *= 2;
        assert_eq!(blessed().broken(&[a_little]), []);
    }

    #[test]
    fn a_rise_is_named() {
        let mut more = figures();
        more.warm.instructions = Some(1_031_000);
        more.sqs_connections = 2;
        more.threads = 3;
        more.binary_bytes = 7_300_000;
        let sentences = sentences(&blessed(), more);
        assert_eq!(
            sentences,
            [
                "warm_instructions rose from 1000000 to 1031000 (+3.1 %)",
                "connections rose from 2 to 3 (+50.0 %)",
                "threads rose from 1 to 3 (+200.0 %)",
                "binary_bytes rose from 7000000 to 7300000 (+4.3 %)",
            ]
        );
    }

    #[test]
    fn ceilings_hold_whatever_was_recorded() {
        let mut budgets = blessed();
        let own = BTreeMap::from([("peak_rss_bytes".to_owned(), 8_000_000.0)]);
        budgets.ceilings.insert("complete_order".to_owned(), own);
        budgets.warm.a_call = 100_000.0;
        let sentences = sentences(&budgets, figures());
        assert_eq!(
            sentences,
            [
                "warm_instructions is 1000000, over the ceiling of 600000",
                "peak_rss_bytes is 9000000, over the ceiling of 8000000",
            ]
        );
    }

    #[test]
    fn a_scenario_that_was_never_recorded_does_not_pass() {
        assert_eq!(budgets().broken(&[figures()]).len(), 1);
    }
}
