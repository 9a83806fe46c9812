//! Bars of requests per second, as an SVG that also reads on a dark page.

use std::fmt::Write;

use crate::report::Report;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 170.0;
const BAR: f64 = 400.0;
const ROW: f64 = 34.0;
const TOP: f64 = 64.0;

/// Draws the report.
pub fn draw(report: &Report) -> String {
    let height = TOP + ROW * report.measured.len() as f64 + 16.0;
    let most = report.measured.iter().map(|one| one.per_second).fold(1.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#f7f7f5\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"16\" font-weight=\"600\" fill=\"#222\">Requests per second</text>\n\
         <text x=\"20\" y=\"47\" fill=\"#666\">{} connections, 1 KB items, next to a server of the same stack that does \
         nothing</text>\n",
        report.connections
    );
    for (at, one) in report.measured.iter().enumerate() {
        let y = TOP + ROW * at as f64;
        let length = BAR * one.per_second / most;
        let colour = if at == 0 { "#b9b9b2" } else { "#2f6f6a" };
        let (middle, p50, p99) = (y + 17.0, f64::from(one.p50_us) / 1000.0, f64::from(one.p99_us) / 1000.0);
        let told = format!("{:.0}/s · p50 {p50:.1} ms · p99 {p99:.1} ms", one.per_second);
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\" fill=\"#222\">{}</text>\n\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"24\" rx=\"3\" fill=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{middle}\" fill=\"#444\">{told}</text>\n",
            LEFT - 10.0,
            one.name,
            LEFT + length + 8.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}
