//! What README and infra/docs/scale.md say of cost and capacity is what their own counts come to.

use crate::documents::{Document, text};

/// The rows of the table whose head begins with this, as cells without bold.
fn table(document: &str, head: &str) -> Vec<Vec<String>> {
    let text = text(document);
    let rows = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.replace("**", "").trim().to_owned()).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    assert!(!rows.is_empty(), "{document}: {head}");
    rows
}

fn number(cell: &str) -> f64 {
    cell.replace([',', '+'], "").parse().unwrap_or_else(|_| panic!("{cell} is no number"))
}

/// As it is written: to `digits` significant ones.
fn is_about(written: f64, computed: f64, digits: i32) -> bool {
    let unit = 10f64.powf(computed.log10().floor()) / 10f64.powi(digits - 1);
    (written - computed).abs() <= unit * 0.51
}

/// USD a million orders, by README's table.
fn sum() -> f64 {
    let rows = table("README.md", "| what | count for an order");
    let (last, rows) = rows.split_last().unwrap();
    let sum: f64 = rows.iter().map(|row| number(&row[3])).sum();
    assert!((sum - number(&last[3])).abs() < 0.005, "the table's sum is {sum:.2}");
    sum
}

#[test]
fn the_sums_of_costs_are_right() {
    let sum = sum();
    let readme = text("README.md");
    for row in table("README.md", "| beside that") {
        let parts =
            row[1].split(" = ").skip(1).filter_map(|part| part.split([';', ',', ' ']).next()?.parse::<f64>().ok());
        let parts: Vec<f64> = parts.collect();
        let told = number(row.last().unwrap());
        assert!(parts.is_empty() || (parts.iter().sum::<f64>() - told).abs() < 0.011, "{row:?}: {parts:?}");
    }
    let (_, rest) = readme.split_once("Whatever the traffic, about ").unwrap();
    let (month, rest) = rest.split_once(" USD a month").unwrap();
    let parts = rest.split_once("\n\n").unwrap().0;
    let parts: Vec<f64> = parts
        .split(['(', ')', ';', ',', ' '])
        .filter(|word| word.split_once('.').is_some_and(|(_, cents)| cents.len() == 2))
        .filter_map(|word| word.parse().ok())
        .collect();
    // The prices of a metric and of an alarm's metric are among them.
    let fixed = parts.iter().sum::<f64>() - 0.30 - 0.10;
    assert_eq!(format!("{fixed:.0}"), month, "{parts:?}");

    let scale = text("infra/docs/scale.md");
    assert!(scale.contains(&format!("At {sum:.2} USD a million orders and {month} USD a month")));
    for row in table("infra/docs/scale.md", "| rate, day and night") {
        let rate = match row[0].split_once('/').unwrap() {
            (rate, "s") => number(rate),
            (rate, _) => number(rate) / 60.0,
        };
        // A month of 730 hours.
        let orders = rate * 730.0 * 3_600.0 / 1e6;
        assert!(is_about(number(&row[1]), orders, 3), "{row:?}: {orders}");
        let usd = orders * sum + number(month);
        assert!(is_about(number(&row[2]), usd, 3), "{row:?}: {usd}");
    }
}

#[test]
fn as_many_metrics_are_paid_as_there_are() {
    let readme = text("README.md");
    let metrics = crate::metrics::of_all_functions();
    assert!(readme.contains(&format!("for each function, {metrics} if all occur")), "{metrics} metrics");
    let looked_at = crate::metrics::of_alarms().len();
    assert!(readme.contains(&format!("alarms (0.10 a metric,\n{looked_at}, ")), "{looked_at} metrics of alarms");
}

#[test]
fn units_at_ten_thousand_orders_are_those_of_one_times_ten_thousand() {
    for row in table("infra/docs/scale.md", "| | units an order") {
        assert!((number(&row[1]) * 10_000.0 - number(&row[2])).abs() < 1.0, "{row:?}");
    }
}

/// The limits by their places: what they are, and at how many orders a second they bind.
fn limits() -> Vec<(String, f64)> {
    let rows = table("infra/docs/scale.md", "| | limit");
    let limits = rows.iter().enumerate().map(|(index, row)| {
        assert_eq!(row[0], (index + 1).to_string());
        let binds = number(&row[2]) / number(&row[3]);
        assert!((binds - number(&row[4])).abs() < 0.51, "{row:?}: {binds}");
        (row[1].clone(), binds)
    });
    limits.collect()
}

#[test]
fn limits_stand_in_the_order_in_which_they_bind() {
    let limits = limits();
    assert!(limits.is_sorted_by(|(_, one), (_, next)| one <= next), "{limits:?}");
    for row in table("infra/docs/scale.md", "| rate, orders/s") {
        let met = limits.iter().filter(|(_, binds)| *binds <= number(&row[0])).count();
        let words = if met == 0 { "none".to_owned() } else { format!("1 to {met}") };
        assert_eq!((row[1].clone(), row[2].clone()), (words, (met + 1).to_string()), "{row:?}");
    }
}

#[test]
fn the_stacks_own_limits_are_those_of_the_template() {
    let limits = limits();
    let template = Document::main();
    for name in ["EventsConcurrency", "ProvisionConcurrency"] {
        let parameter = &template.root["Parameters"][name];
        for wanted in [
            format!("`{name}` {}", parameter["Default"].as_u64().unwrap()),
            format!("`{name}` at its most, {},{:03}", parameter["MaxValue"].as_u64().unwrap() / 1_000, 0),
        ] {
            assert!(limits.iter().any(|(limit, _)| limit.starts_with(&wanted)), "{wanted}");
        }
    }
    let routes = &template.root["Resources"]["Api"]["Properties"]["RouteSettings"];
    let throttle = routes["POST /api/complete_order"]["ThrottlingRateLimit"].as_f64().unwrap();
    let (_, binds) = limits.iter().find(|(limit, _)| limit.starts_with("this stack's throttle")).unwrap();
    assert!((throttle - binds).abs() < f64::EPSILON);
}
