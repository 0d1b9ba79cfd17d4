//! Plots of runs, as SVG.

use std::{fmt::Display, path::Path};

use plotters::{
    coord::Shift,
    prelude::{
        BLACK, BLUE, ChartBuilder, Circle, DrawingArea, DrawingBackend, GREEN, IntoDrawingArea, IntoLogRange,
        LineSeries, MAGENTA, PathElement, RED, RGBColor, SVGBackend, SeriesLabelPosition, TRANSPARENT, WHITE,
    },
};

use super::Point;
use crate::fault::{Explain, Fault};

/// A figure of a point and how it is drawn.
type Series = (&'static str, RGBColor, fn(&Point) -> f64);

const TIMES: [Series; 4] = [
    ("accepted, p50", GREEN, |point| point.accepted_p50),
    ("accepted, p99", BLUE, |point| point.accepted_p99),
    ("accepted to provisioned, p50", MAGENTA, |point| point.provisioned_p50),
    ("accepted to provisioned, p99", RED, |point| point.provisioned_p99),
];
const ORDERS: [Series; 1] = [("accepted", BLACK, |point| point.accepted_a_second)];
/// The plot's width and height, and how much of it is for the times.
const SIZE: (u32, u32) = (720, 600);
const TIMES_HEIGHT: u32 = 400;

/// Draws milliseconds, and orders a second below them, by `of`, on logarithmic axes, to `<folder>/<name>.svg`.
pub(super) fn draw(
    folder: &Path,
    name: &str,
    axis: &str,
    points: &[Point],
    of: impl Fn(&Point) -> usize,
) -> Result<(), Fault> {
    std::fs::create_dir_all(folder).explain(folder.display())?;
    let file = folder.join(format!("{name}.svg"));
    let area = SVGBackend::new(&file, SIZE).into_drawing_area();
    let drawn = |cause: &dyn Display| Fault::new(format!("{}: {cause}", file.display()));
    area.fill(&WHITE).map_err(|cause| drawn(&cause))?;
    let (times, orders) = area.split_vertically(TIMES_HEIGHT);
    let at: Vec<f64> = points.iter().map(|point| of(point).max(1) as f64).collect();
    provisioner(&times, axis, "ms", &at, points, &TIMES).map_err(|cause| drawn(&cause))?;
    provisioner(&orders, axis, "orders a second", &at, points, &ORDERS).map_err(|cause| drawn(&cause))?;
    area.present().map_err(|cause| drawn(&cause))
}

fn provisioner<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    axis: &str,
    unit: &str,
    at: &[f64],
    points: &[Point],
    series: &[Series],
) -> Result<(), plotters::drawing::DrawingAreaErrorKind<B::ErrorType>> {
    let figures = || points.iter().flat_map(|point| series.iter().map(|(_, _, figure)| figure(point).max(0.1)));
    let (least, most) = (figures().fold(f64::MAX, f64::min), figures().fold(0.1, f64::max));
    let (left, right) = (at.iter().copied().fold(f64::MAX, f64::min), at.iter().copied().fold(1.0, f64::max));
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((left * 0.9..right * 1.1).log_scale(), (least / 2.0..most * 2.0).log_scale())?;
    let number = |number: &f64| number.to_string();
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(8)
        .x_label_formatter(&number)
        .y_labels(12)
        .y_label_formatter(&number)
        .x_desc(axis)
        .y_desc(unit)
        .draw()?;
    for (label, colour, figure) in series {
        let line = || at.iter().zip(points).map(|(at, point)| (*at, figure(point).max(0.1)));
        chart
            .draw_series(LineSeries::new(line(), colour))?
            .label(*label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
        chart.draw_series(line().map(|at| Circle::new(at, 3, colour)))?;
    }
    let labels = series.len() > 1;
    if labels {
        let place = SeriesLabelPosition::UpperLeft;
        chart.configure_series_labels().position(place).background_style(WHITE).border_style(BLACK).draw()?;
    }
    Ok(())
}
