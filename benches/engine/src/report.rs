//! The table, and how far ours is from what it must reach.

use std::collections::BTreeMap;
use std::fmt;

use crate::Plan;
use crate::rows::Row;
use crate::subject::Kind;

/// Everything that was measured.
pub struct Report {
    /// Items that were loaded.
    pub items: u64,
    /// In the order of columns.
    pub engines: Vec<Kind>,
    samples: BTreeMap<(usize, usize), Vec<f64>>,
    told: Vec<Told>,
    /// The head of the profile of a load.
    pub profile: Vec<String>,
}

struct Told {
    name: &'static str,
    found: String,
    wanted: &'static str,
    is_met: bool,
}

impl Report {
    /// Nothing yet.
    pub fn new(plan: &Plan) -> Self {
        let (items, engines) = (plan.items, plan.engines.clone());
        Self { items, engines, samples: BTreeMap::new(), told: Vec::new(), profile: Vec::new() }
    }

    /// Adds what one turn gave.
    pub fn add(&mut self, row: Row, kind: Kind, sample: f64) {
        self.samples.entry((row as usize, kind as usize)).or_default().push(sample);
    }

    /// Adds what is asked of ours alone.
    pub fn tell(&mut self, name: &'static str, found: String, wanted: &'static str, is_met: bool) {
        self.told.push(Told { name, found, wanted, is_met });
    }

    /// The median of all turns.
    pub fn median(&self, row: Row, kind: Kind) -> Option<f64> {
        median(&mut self.samples.get(&(row as usize, kind as usize))?.clone())
    }

    /// Rows of which anything was measured.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let measured = |row: &Row| self.engines.iter().any(|kind| self.median(*row, *kind).is_some());
        Row::ALL.into_iter().filter(measured)
    }

    /// What the row found, next to what is wanted.
    fn verdict(&self, row: Row) -> String {
        let ours = self.median(row, Kind::Strongroom);
        if row == Row::DiskBytes {
            return ours.map(|ours| judged(ours <= 1.08, "at most 1.08")).unwrap_or_default();
        }
        let (Some(ours), Some(theirs)) = (ours, self.median(row, Kind::Fjall)) else { return String::new() };
        let ratio = ours / theirs;
        match row.wanted() {
            Some(wanted) => format!("{ratio:>6.2}   {}", judged(ratio >= wanted, &format!("{wanted:.2}"))),
            None => format!("{ratio:>6.2}"),
        }
    }
}

fn judged(is_met: bool, wanted: &str) -> String {
    format!("{wanted:<12} {}", if is_met { "met" } else { "NOT MET" })
}

/// The middle one.
pub fn median(samples: &mut [f64]) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} items, 32-byte keys, 1,000-byte values; every commit durable; medians\n",
            self.items
        )?;
        write!(f, "{:<34}", "per second")?;
        self.engines.iter().try_for_each(|kind| write!(f, "{:>12}", kind.to_string()))?;
        writeln!(f, "  {:>6}   {:<12}", "/fjall", "wanted")?;
        for row in self.rows() {
            write!(f, "{:<34}", row.name())?;
            for kind in &self.engines {
                match self.median(row, *kind) {
                    Some(found) if row == Row::DiskBytes => write!(f, "{found:>12.3}")?,
                    Some(found) => write!(f, "{found:>12.0}")?,
                    None => write!(f, "{:>12}", "")?,
                }
            }
            writeln!(f, "  {}", self.verdict(row))?;
        }
        writeln!(f)?;
        for Told { name, found, wanted, is_met } in &self.told {
            let met = if *is_met { "met" } else { "NOT MET" };
            writeln!(f, "{name:<34}{found:<48} {wanted:<36} {met}")?;
        }
        if !self.profile.is_empty() {
            writeln!(f, "\nwhere the load spends its time:\n{}", self.profile.join("\n"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut []), None);
    }
}
