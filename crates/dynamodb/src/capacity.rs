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
        let units = units.as_number();
        let part = |units| TablePart { capacity_units: units };
        (self != Self::None).then(|| ConsumedCapacity {
            table_name: table.to_owned(),
            capacity_units: units,
            table: (self == Self::Indexes).then(|| part(units)),
        })
    }
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
    capacity_units: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TablePart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TablePart {
    capacity_units: f64,
}

#[cfg(test)]
mod tests {
    use super::{Consistency, ReturnCapacity, Units};

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
}
