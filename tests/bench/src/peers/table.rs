//! The peers' figures: medians of runs, a table, and what a peer may not do.

use super::Row;
use crate::{
    fault::Fault,
    measure::{Figures, Phase},
};

/// Figure by figure the median of several runs.
pub(super) fn median(runs: &[Figures]) -> Option<Figures> {
    let phase = |of: fn(&Figures) -> Phase| Phase {
        wall_ms: middle(runs, |run| of(run).wall_ms),
        cpu_ms: middle(runs, |run| of(run).cpu_ms),
        ..runs.first().map(of).unwrap_or_default()
    };
    Some(Figures {
        init: phase(|run| run.init),
        first: phase(|run| run.first),
        warm: phase(|run| run.warm),
        wall_at_5_ms: middle(runs, |run| run.wall_at_5_ms),
        peak_rss_bytes: of_counts(runs, |run| run.peak_rss_bytes),
        // Of these not the median: a run with more is one too many.
        dynamodb_connections: runs.iter().map(|run| run.dynamodb_connections).max()?,
        sqs_connections: runs.iter().map(|run| run.sqs_connections).max()?,
        ..runs.first()?.clone()
    })
}

fn middle(runs: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn of_counts(runs: &[Figures], of: impl Fn(&Figures) -> u64) -> u64 {
    let mut values: Vec<u64> = runs.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A Markdown table; milliseconds by the clock and of processor time.
pub(super) fn table(rows: &[Row]) -> String {
    let counted = rows.iter().any(|row| row.figures.warm.instructions.is_some());
    let mut head = vec![
        "complete_order",
        "init, ms (CPU)",
        "first, ms (CPU)",
        "warm, ms (CPU)",
        "warm at 5 ms a call, ms",
        "calls: init, first, warm",
        "connections",
        "peak RSS, MB",
        "package, MB",
        "zip, MB",
    ];
    if counted {
        head.push("M instr.: init, first, warm");
    }
    let mut table = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for Row { name, figures } in rows {
        let (init, first, warm) = (figures.init, figures.first, figures.warm);
        let mut cells = vec![
            name.clone(),
            format!("{:.0} ({:.0})", init.wall_ms, init.cpu_ms),
            format!("{:.1} ({:.1})", first.wall_ms, first.cpu_ms),
            format!("{:.1} ({:.2})", warm.wall_ms, warm.cpu_ms),
            format!("{:.1}", figures.wall_at_5_ms),
            format!("{}, {}, {}", init.calls, first.calls, warm.calls),
            figures.connections().to_string(),
            format!("{:.1}", figures.peak_rss_bytes as f64 / 1e6),
            format!("{:.2}", figures.binary_bytes as f64 / 1e6),
            format!("{:.2}", figures.zip_bytes as f64 / 1e6),
        ];
        if counted {
            let phases = [init, first, warm].map(|phase| phase.instructions);
            let million =
                |count: Option<u64>| count.map_or("-".to_owned(), |count| format!("{:.1}", count as f64 / 1e6));
            cells.push(phases.map(million).join(", "));
        }
        table.push_str(&["| ", &cells.join(" | "), " |\n"].concat());
    }
    table
}

/// A sentence a peer: how many times what the first row takes.
pub(super) fn times(rows: &[Row]) -> String {
    let Some((ours, others)) = rows.split_first() else { return String::new() };
    let cold = |row: &Row| row.figures.init.cpu_ms + row.figures.first.cpu_ms;
    let sentence = |row: &Row| {
        let times = |of: &dyn Fn(&Row) -> f64| of(row) / of(ours);
        format!(
            "{}: init {:.0}, init and first {:.0}, warm {:.1} times the processor time of {}, and {:.1} times its memory.",
            row.name,
            times(&|row| row.figures.init.cpu_ms),
            times(&cold),
            times(&|row| row.figures.warm.cpu_ms),
            ours.name,
            times(&|row| row.figures.peak_rss_bytes as f64),
        )
    };
    others.iter().map(sentence).collect::<Vec<_>>().join("\n")
}

/// A peer that calls AWS more often, or connects more often, is no fair one; one that calls less does another job.
pub(super) fn as_many_calls(ours: &Row, other: &Row) -> Result<(), Fault> {
    let differ = |what: &str, theirs: f64, mine: f64| {
        Fault::new(format!("{} {what} {theirs}, {} {mine}", other.name, ours.name))
    };
    let cold = |row: &Row| row.figures.init.calls + row.figures.first.calls;
    let (theirs, mine) = (other.figures.warm.calls, ours.figures.warm.calls);
    if (theirs - mine).abs() > 0.001 {
        return Err(differ("makes other calls in a warm invocation:", theirs, mine));
    }
    // In init the function in Rust asks the queue for its depth, to connect to it.
    if cold(other) > cold(ours) {
        return Err(differ("makes more calls in init and the first invocation:", cold(other), cold(ours)));
    }
    if other.figures.connections() > ours.figures.connections() {
        let count = |row: &Row| row.figures.connections() as f64;
        return Err(differ("opens more connections:", count(other), count(ours)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(cpu: f64, connections: u64) -> Figures {
        let phase = |calls| Phase { wall_ms: 2.0 * cpu, cpu_ms: cpu, calls, instructions: None };
        Figures {
            scenario: "complete_order".to_owned(),
            function: "complete_order".to_owned(),
            init: phase(2.0),
            first: phase(4.0),
            warm: phase(3.0),
            wall_at_5_ms: 3.0 * cpu,
            dynamodb_connections: connections,
            sqs_connections: 1,
            peak_rss_bytes: 10_000_000,
            threads: 1,
            binary_bytes: 7_000_000,
            zip_bytes: 3_000_000,
            settling_calls: 0,
        }
    }

    fn row(name: &str, figures: Figures) -> Row {
        Row { name: name.to_owned(), figures }
    }

    #[test]
    fn runs_are_summed_up_figure_by_figure() {
        let median = median(&[figures(5.0, 1), figures(1.0, 2), figures(3.0, 1)]).unwrap();
        assert_eq!((median.warm.cpu_ms, median.warm.wall_ms, median.wall_at_5_ms), (3.0, 6.0, 9.0));
        assert_eq!(median.dynamodb_connections, 2, "the most of any run");
        assert!((median.warm.calls - 3.0).abs() < 0.001);
        assert!(super::median(&[]).is_none());
    }

    #[test]
    fn a_peer_calls_and_connects_as_the_function_does() {
        let ours = row("Rust", figures(1.0, 1));
        let mut other = figures(6.0, 1);
        other.init.calls = 0.0;
        other.first.calls = 5.0;
        as_many_calls(&ours, &row("Node", other.clone())).unwrap();
        let fault = |change: fn(&mut Figures)| {
            let mut changed = other.clone();
            change(&mut changed);
            as_many_calls(&ours, &row("Node", changed)).unwrap_err().to_string()
        };
        assert_eq!(fault(|it| it.warm.calls = 2.0), "Node makes other calls in a warm invocation: 2, Rust 3");
        assert_eq!(fault(|it| it.dynamodb_connections = 912), "Node opens more connections: 913, Rust 2");
        assert_eq!(
            fault(|it| it.first.calls = 9.0),
            "Node makes more calls in init and the first invocation: 9, Rust 6"
        );
    }

    #[test]
    fn peers_are_held_against_the_first_row() {
        let rows = [row("Rust", figures(1.0, 1)), row("Node", figures(6.0, 1))];
        assert_eq!(
            times(&rows),
            "Node: init 6, init and first 6, warm 6.0 times the processor time of Rust, and 1.0 times its memory."
        );
        assert!(
            table(&rows)
                .contains("| Node | 12 (6) | 12.0 (6.0) | 12.0 (6.00) | 18.0 | 2, 4, 3 | 2 | 10.0 | 7.00 | 3.00 |")
        );
    }
}
