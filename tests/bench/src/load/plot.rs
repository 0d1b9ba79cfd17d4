//! Plots of runs, as SVG.

use std::path::Path;

use plotters::prelude::{
    BLACK, BLUE, ChartBuilder, Circle, GREEN, IntoDrawingArea, IntoLogRange, LineSeries, PathElement, RED, RGBColor,
    SVGBackend, WHITE,
};

use super::Point;
use crate::fault::{Explain, Fault};

/// A figure of a point and how it is drawn.
type Series = (&'static str, RGBColor, fn(&Point) -> f64);

const SERIES: [Series; 3] = [
    ("accepted, p50", GREEN, |point| point.accepted_p50),
    ("accepted, p99", BLUE, |point| point.accepted_p99),
    ("accepted to provisioned, p99", RED, |point| point.provisioned_p99),
];

/// Draws milliseconds by `of`, both on logarithmic axes, to `<folder>/<name>.svg`.
pub(super) fn draw(
    folder: &Path,
    name: &str,
    axis: &str,
    points: &[Point],
    of: impl Fn(&Point) -> usize,
) -> Result<(), Fault> {
    std::fs::create_dir_all(folder).explain(folder.display())?;
    let file = folder.join(format!("{name}.svg"));
    let drawn = |cause: &dyn std::fmt::Display| Fault::new(format!("{}: {cause}", file.display()));
    let place = |point: &Point| of(point).max(1) as f64;
    let right = points.iter().map(place).fold(2.0, f64::max);
    let figures = points.iter().flat_map(|point| SERIES.map(|(_, _, figure)| figure(point)));
    let top = figures.fold(1.0, f64::max) * 2.0;
    let area = SVGBackend::new(&file, (720, 420)).into_drawing_area();
    area.fill(&WHITE).map_err(|cause| drawn(&cause))?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d((0.9..right * 1.2).log_scale(), (0.1..top).log_scale())
        .map_err(|cause| drawn(&cause))?;
    chart.configure_mesh().x_desc(axis).y_desc("ms").draw().map_err(|cause| drawn(&cause))?;
    for (label, colour, figure) in SERIES {
        let line: Vec<(f64, f64)> = points.iter().map(|point| (place(point), figure(point).max(0.1))).collect();
        chart
            .draw_series(LineSeries::new(line.clone(), &colour))
            .map_err(|cause| drawn(&cause))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
        chart.draw_series(line.into_iter().map(|at| Circle::new(at, 3, colour))).map_err(|cause| drawn(&cause))?;
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()
        .map_err(|cause| drawn(&cause))?;
    area.present().map_err(|cause| drawn(&cause))
}
