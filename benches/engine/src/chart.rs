//! Each engine's bars as multiples of fjall's, as an SVG that also reads on a dark page.

use std::fmt::Write;

use crate::report::Report;
use crate::rows::Row;
use crate::subject::Kind;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 240.0;
const BAR: f64 = 420.0;
const BAR_HEIGHT: f64 = 13.0;
const TOP: f64 = 64.0;
/// Longer bars are cut.
const MOST: f64 = 3.0;

/// Draws the report.
pub fn draw(report: &Report) -> String {
    let rows: Vec<Row> = report.rows().filter(|row| *row != Row::DiskBytes).collect();
    let engines: Vec<Kind> = report.engines.iter().copied().filter(|kind| kind.is_engine()).collect();
    let row_height = BAR_HEIGHT * engines.len() as f64 + 14.0;
    let height = TOP + row_height * rows.len() as f64 + 8.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#f7f7f5\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"16\" font-weight=\"600\" fill=\"#222\">Per second, as multiples of \
         fjall's</text>\n\
         <text x=\"20\" y=\"47\" fill=\"#666\">{} items of 1 KB; strongroom encrypts everything, the others \
         nothing</text>\n",
        report.items
    );
    for (at, row) in rows.iter().enumerate() {
        let y = TOP + row_height * at as f64;
        let middle = y + row_height / 2.0 - 2.0;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\" fill=\"#222\">{}</text>",
            LEFT - 10.0,
            row.name()
        );
        for (at, kind) in engines.iter().enumerate() {
            draw_bar(&mut svg, report, *row, *kind, y + BAR_HEIGHT * at as f64);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_bar(svg: &mut String, report: &Report, row: Row, kind: Kind, y: f64) {
    let Some(found) = report.median(row, kind) else { return };
    let ratio = report.median(row, Kind::Fjall).map_or(1.0, |theirs| found / theirs);
    let length = BAR * ratio.min(MOST) / MOST;
    let colour = if kind == Kind::Strongroom { "#2f6f6a" } else { "#b9b9b2" };
    let _ = write!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" rx=\"2\" fill=\"{colour}\"/>\n\
         <text x=\"{:.1}\" y=\"{}\" fill=\"#444\" font-size=\"10\">{kind} {ratio:.2} · {found:.0}/s</text>\n",
        BAR_HEIGHT - 2.0,
        LEFT + length + 6.0,
        y + 9.0
    );
}
