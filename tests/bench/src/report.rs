//! The figures as a table for the README.

use crate::{budgets::Budgets, measure::Figures};

/// A Markdown table. A figure over its ceiling is followed by `!`.
pub(crate) fn table(all: &[Figures], budgets: &Budgets) -> String {
    const HEAD: &str = "\
| | init, M instr. | first | warm | calls, warm | connections | wall at 5 ms a call, ms | warm CPU, ms | peak RSS, MB | binary, MB | zip, MB |
|---|---|---|---|---|---|---|---|---|---|---|
";
    let mut table = HEAD.to_owned();
    for figures in all {
        let cell = |name: &str, text: String, figure: f64| {
            let over = budgets.ceiling(figures, name).is_some_and(|ceiling| figure > ceiling);
            if over { format!("{text} !") } else { text }
        };
        let million = |name: &str, count: Option<u64>| match count {
            None => "-".to_owned(),
            Some(count) => cell(name, format!("{:.2}", count as f64 / 1e6), count as f64),
        };
        let size = |name: &str, bytes: u64| cell(name, format!("{:.2}", bytes as f64 / 1e6), bytes as f64);
        let cells = [
            figures.scenario.clone(),
            million("init_instructions", figures.init.instructions),
            million("first_instructions", figures.first.instructions),
            million("warm_instructions", figures.warm.instructions),
            cell("warm_calls", figures.warm.calls.to_string(), figures.warm.calls),
            cell("connections", figures.connections().to_string(), figures.connections() as f64),
            cell("wall_at_5_ms", format!("{:.1}", figures.wall_at_5_ms), figures.wall_at_5_ms),
            format!("{:.2}", figures.warm.cpu_ms),
            size("peak_rss_bytes", figures.peak_rss_bytes),
            size("binary_bytes", figures.binary_bytes),
            size("zip_bytes", figures.zip_bytes),
        ];
        table.push_str(&["| ", &cells.join(" | "), " |\n"].concat());
    }
    table
}
