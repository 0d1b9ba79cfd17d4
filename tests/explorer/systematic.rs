//! Every schedule of a scenario, depth first. A run cannot be wound back, so each begins anew and follows the choices made
//! so far. A state that was met before need not be gone through again: all that can happen from it has happened.

use std::{
    collections::{BTreeSet, HashMap},
    env,
    time::Instant,
};

use crate::{
    invariants,
    scenario::Scenario,
    scheduler::{Choice, Chooser, run},
    world::Turn,
};

/// What was explored.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    /// Runs that were made.
    pub(crate) runs: usize,
    /// Schedules that they stand for.
    pub(crate) schedules: f64,
    /// States met.
    pub(crate) states: usize,
    /// Faults put in: each in another state, or of another kind.
    pub(crate) crash_points: usize,
    /// Which steps met which faults.
    pub(crate) cut: BTreeSet<(&'static str, Turn)>,
}

/// A choice that was made.
struct Node {
    state: u64,
    choices: Vec<Choice>,
    taken: usize,
    /// Schedules below it so far.
    schedules: f64,
}

#[derive(Default)]
struct DepthFirst {
    path: Vec<Node>,
    /// How far the run has come along the path.
    at: usize,
    /// Schedules below each state that was gone through.
    known: HashMap<u64, f64>,
    explored: Explored,
}

impl Chooser for DepthFirst {
    fn choose(&mut self, here: u64, choices: &[Choice]) -> Option<usize> {
        if let Some(node) = self.path.get(self.at) {
            assert!(node.state == here && node.choices == choices, "the same choices did not make the same run");
            self.at += 1;
            return Some(node.taken);
        }
        if let Some(schedules) = self.known.get(&here) {
            let schedules = *schedules;
            self.count(schedules);
            return None;
        }
        for choice in choices.iter().filter(|choice| choice.fault) {
            self.explored.crash_points += 1;
            self.explored.cut.insert((choice.name, choice.turn));
        }
        self.path.push(Node { state: here, choices: choices.to_vec(), taken: 0, schedules: 0.0 });
        self.at += 1;
        Some(0)
    }
}

impl DepthFirst {
    fn count(&mut self, schedules: f64) {
        match self.path.last_mut() {
            Some(node) => node.schedules += schedules,
            None => self.explored.schedules += schedules,
        }
    }

    /// Goes to the next choice; whether there is one.
    fn next(&mut self) -> bool {
        self.at = 0;
        while let Some(node) = self.path.last_mut() {
            node.taken += 1;
            if node.taken < node.choices.len() {
                return true;
            }
            let node = self.path.pop().unwrap();
            self.known.insert(node.state, node.schedules);
            self.count(node.schedules);
        }
        false
    }

    fn taken(&self) -> Vec<usize> {
        self.path.iter().map(|node| node.taken).collect()
    }
}

/// The choices of a run that failed, to make it again.
struct Given(Vec<usize>, usize);

impl Chooser for Given {
    fn choose(&mut self, _: u64, choices: &[Choice]) -> Option<usize> {
        let chosen = self.0.get(self.1).copied().unwrap_or_default();
        self.1 += 1;
        Some(chosen.min(choices.len() - 1))
    }
}

/// Explores all of it, with as many faults as it says, or as `EXPLORER_FAULTS` does.
pub(crate) fn explore(scenario: &Scenario) -> Explored {
    let budget = env::var("EXPLORER_FAULTS").map_or(scenario.faults, |text| text.parse().unwrap());
    if let Ok(choices) = env::var("EXPLORER_CHOICES") {
        let choices = choices.split(',').map(|choice| choice.parse().unwrap()).collect();
        let end = run(scenario, budget, &mut Given(choices, 0)).unwrap();
        println!("  {}", end.world.trace());
        invariants::check(scenario, &end).unwrap();
    }
    let began = Instant::now();
    let mut search = DepthFirst::default();
    loop {
        search.explored.runs += 1;
        if let Some(end) = run(scenario, budget, &mut search) {
            if let Err(broken) = invariants::check(scenario, &end) {
                let choices: Vec<String> = search.taken().iter().map(ToString::to_string).collect();
                let trace = end.world.trace();
                panic!(
                    "{}: {broken}\n  {trace}\nrun {}; to repeat it: EXPLORER_FAULTS={budget} EXPLORER_CHOICES={}",
                    scenario.name,
                    search.explored.runs,
                    choices.join(",")
                );
            }
            search.count(1.0);
        }
        if !search.next() {
            break;
        }
    }
    search.explored.states = search.known.len();
    println!(
        "{}: {} runs, {:.3e} schedules with up to {budget} faults, {} crash points, {} states, {:.1} s",
        scenario.name,
        search.explored.runs,
        search.explored.schedules,
        search.explored.crash_points,
        search.explored.states,
        began.elapsed().as_secs_f64()
    );
    search.explored
}
