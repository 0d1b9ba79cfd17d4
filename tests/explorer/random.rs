//! Random schedules, for more people and more faults than can be gone through one by one. Each run has a seed of its own.

use std::env;

use crate::{
    invariants,
    scenario::Scenario,
    scheduler::{Choice, Chooser, run},
};

/// One in so many steps meets a fault, while faults are left.
const FAULTY: u64 = 6;

struct Dice(fastrand::Rng);

impl Chooser for Dice {
    fn choose(&mut self, _: u64, choices: &[Choice]) -> Option<usize> {
        let faulty = self.0.u64(0..FAULTY) == 0;
        let wanted: Vec<usize> = (0..choices.len()).filter(|place| choices[*place].fault == faulty).collect();
        // Where a step can meet no fault, it is as it is.
        let place =
            if wanted.is_empty() { self.0.usize(0..choices.len()) } else { wanted[self.0.usize(0..wanted.len())] };
        Some(place)
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// So many runs of each scenario, or as many as `EXPLORER_RUNS` says, from the seed `EXPLORER_SEED` on.
pub(crate) fn explore(scenarios: &[Scenario], runs: u64) {
    let runs = number("EXPLORER_RUNS", runs);
    let first = number("EXPLORER_SEED", 20_261_123);
    for scenario in scenarios {
        let (mut faults, mut steps) = (0, 0);
        for seed in first..first + runs {
            let end = run(scenario, scenario.faults, &mut Dice(fastrand::Rng::with_seed(seed))).unwrap();
            faults += end.faults;
            steps += end.world.state().trace.len();
            if let Err(broken) = invariants::check(scenario, &end) {
                let trace = end.world.trace();
                panic!("{}: {broken}\n  {trace}\nto repeat it: EXPLORER_SEED={seed} EXPLORER_RUNS=1", scenario.name);
            }
        }
        println!("{}: {runs} random schedules from seed {first}, {steps} steps, {faults} faults", scenario.name);
    }
}
