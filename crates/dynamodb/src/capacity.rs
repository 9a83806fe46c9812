//! What a call would cost in capacity units, and the answer's member that tells it.
//!
//! A read unit is 4 KB read consistently, half of one read eventually consistently; a write unit is 1 KB
//! written. Sizes are rounded up, and what is not there costs as much as the smallest item.

use serde::Serialize;
use service::Fields;

const READ_UNIT_BYTES: usize = 4096;
const WRITE_UNIT_BYTES: usize = 1024;

/// `ReturnConsumedCapacity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnCapacity {
    /// Nothing is told.
    #[default]
    None,
    /// The sum.
    Total,
    /// The sum, and the table's and each index's part of it.
    Indexes,
}

impl ReturnCapacity {
    /// Reads the member.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let told = fields.string("ReturnConsumedCapacity").one_of(&["INDEXES", "TOTAL", "NONE"]).optional();
        match told.as_deref() {
            Some("INDEXES") => Self::Indexes,
            Some("TOTAL") => Self::Total,
            _ => Self::None,
        }
    }

    /// The answer's member, where it was asked for. `table` is spelled as the request spelled it.
    #[must_use]
    pub fn tell(self, table: &str, units: Units) -> Option<ConsumedCapacity> {
        (self != Self::None).then(|| self.consumed(table, CapacityUnits::of(units)))
    }

    /// The same of a transaction: for each table that is named, in the order in which they are named first, twice what
    /// its items would cost alone.
    #[must_use]
    pub fn tell_transaction<'t>(
        self,
        side: Side,
        items: impl Iterator<Item = (&'t str, Units)>,
    ) -> Option<Vec<ConsumedCapacity>> {
        if self == Self::None {
            return None;
        }
        let mut tables: Vec<(&str, Units)> = Vec::new();
        for (name, units) in items {
            match tables.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum = [*sum, units].into_iter().sum(),
                None => tables.push((name, units)),
            }
        }
        let told =
            |(name, units): (&str, Units)| self.consumed(name, CapacityUnits::of_side(side, units.doubled()));
        Some(tables.into_iter().map(told).collect())
    }

    fn consumed(self, table: &str, units: CapacityUnits) -> ConsumedCapacity {
        let part = (self == Self::Indexes).then_some(units);
        ConsumedCapacity { table_name: table.to_owned(), units, table: part }
    }
}

/// What a transaction's units are for. Of other calls AWS does not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Reading.
    Read,
    /// Writing, or making sure that nobody else did.
    Write,
}

/// Whether a read is asked to be consistent. All reads are; the price differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// `ConsistentRead: true`
    Strong,
    /// The default.
    Eventual,
}

impl Consistency {
    /// Reads the member.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self::of(fields.boolean("ConsistentRead").optional())
    }

    /// What the member says.
    #[must_use]
    pub fn of(consistent_read: Option<bool>) -> Self {
        match consistent_read {
            Some(true) => Self::Strong,
            Some(false) | None => Self::Eventual,
        }
    }
}

/// Capacity units, counted in halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    halves: u32,
}

impl Units {
    /// For reading so many bytes.
    #[must_use]
    pub fn of_read(bytes: usize, consistency: Consistency) -> Self {
        let halves_each = match consistency {
            Consistency::Strong => 2,
            Consistency::Eventual => 1,
        };
        Self { halves: started(bytes, READ_UNIT_BYTES).saturating_mul(halves_each) }
    }

    /// For a write that replaces an item of `old` bytes by one of `new` bytes: the larger one counts.
    #[must_use]
    pub fn of_write(old: usize, new: usize) -> Self {
        Self { halves: started(old.max(new), WRITE_UNIT_BYTES).saturating_mul(2) }
    }

    /// What the same costs in a transaction.
    #[must_use]
    fn doubled(self) -> Self {
        Self { halves: self.halves.saturating_mul(2) }
    }

    fn as_number(self) -> f64 {
        f64::from(self.halves) / 2.0
    }
}

impl std::iter::Sum for Units {
    fn sum<I: Iterator<Item = Self>>(units: I) -> Self {
        Self { halves: units.map(|units| units.halves).fold(0, u32::saturating_add) }
    }
}

fn started(bytes: usize, unit: usize) -> u32 {
    u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX)
}

/// `ConsumedCapacity` of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConsumedCapacity {
    table_name: String,
    #[serde(flatten)]
    units: CapacityUnits,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<CapacityUnits>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CapacityUnits {
    capacity_units: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_capacity_units: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write_capacity_units: Option<f64>,
}

impl CapacityUnits {
    fn of(units: Units) -> Self {
        Self { capacity_units: units.as_number(), read_capacity_units: None, write_capacity_units: None }
    }

    fn of_side(side: Side, units: Units) -> Self {
        let number = units.as_number();
        let on = |other: Side| (side == other).then_some(number);
        Self {
            capacity_units: number,
            read_capacity_units: on(Side::Read),
            write_capacity_units: on(Side::Write),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Consistency, ReturnCapacity, Side, Units};

    #[test]
    fn reads_are_rounded_up_to_4_kb_and_halved_where_eventual() {
        for (bytes, strong) in [(0, 1.0), (1, 1.0), (4096, 1.0), (4097, 2.0), (1 << 20, 256.0)] {
            assert_eq!(Units::of_read(bytes, Consistency::Strong).as_number(), strong);
            assert_eq!(Units::of_read(bytes, Consistency::Eventual).as_number(), strong / 2.0);
        }
    }

    #[test]
    fn a_write_costs_what_the_larger_of_both_items_weighs() {
        for (old, new, units) in [(0, 0, 1.0), (0, 1024, 1.0), (0, 1025, 2.0), (5000, 1, 5.0)] {
            assert_eq!(Units::of_write(old, new).as_number(), units);
        }
    }

    #[test]
    fn the_answer_tells_what_was_asked_for() {
        let told = |how: ReturnCapacity| serde_json::to_string(&how.tell("t", Units { halves: 1 })).unwrap();
        assert_eq!(told(ReturnCapacity::None), "null");
        assert_eq!(told(ReturnCapacity::Total), r#"{"TableName":"t","CapacityUnits":0.5}"#);
        assert_eq!(
            told(ReturnCapacity::Indexes),
            r#"{"TableName":"t","CapacityUnits":0.5,"Table":{"CapacityUnits":0.5}}"#
        );
    }
    #[test]
    fn a_transaction_costs_twice_for_each_table_in_the_order_of_their_names() {
        let items = || {
            [("b", Units { halves: 2 }), ("a", Units { halves: 2 }), ("b", Units { halves: 4 })].into_iter()
        };
        let told =
            |how: ReturnCapacity, side| serde_json::to_string(&how.tell_transaction(side, items())).unwrap();
        assert_eq!(told(ReturnCapacity::None, Side::Read), "null");
        assert_eq!(
            told(ReturnCapacity::Total, Side::Read),
            r#"[{"TableName":"b","CapacityUnits":6.0,"ReadCapacityUnits":6.0},{"TableName":"a","CapacityUnits":2.0,"ReadCapacityUnits":2.0}]"#
        );
        let indexes = told(ReturnCapacity::Indexes, Side::Write);
        assert!(indexes.contains(r#""Table":{"CapacityUnits":6.0,"WriteCapacityUnits":6.0}"#), "{indexes}");
    }
}
