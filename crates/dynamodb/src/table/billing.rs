//! How a table is billed: what a request may say about it, and what of it changes.

use service::{ApiError, Fields};

use super::descriptor::{Billing, BillingMode, Throughput};
use crate::class;
use crate::error::{invalid_parameters, limit_exceeded};

/// The most units one table may be given.
pub const MAX_TABLE_UNITS: u64 = 40_000;
/// The most units the tables of an account may be given together, as `DescribeLimits` tells.
pub const MAX_ACCOUNT_UNITS: u64 = 80_000;

/// `BillingMode` and `ProvisionedThroughput`, read but not yet weighed against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillingRequest {
    /// `BillingMode`
    pub mode: Option<BillingMode>,
    /// `ProvisionedThroughput`
    pub throughput: Option<Throughput>,
}

impl BillingRequest {
    /// Reads both members.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let mode = fields.string("BillingMode").one_of(&["PROVISIONED", "PAY_PER_REQUEST"]).optional();
        let mode = mode.map(|mode| match mode.as_ref() {
            "PAY_PER_REQUEST" => BillingMode::OnDemand,
            _ => BillingMode::Provisioned,
        });
        Self { mode, throughput: read_throughput(fields) }
    }

    /// Whether the request says anything.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.mode.is_some() || self.throughput.is_some()
    }

    /// The billing of a new table.
    ///
    /// # Errors
    /// `ValidationException` and `LimitExceededException`.
    pub fn of_new_table(self, now_ms: u64) -> Result<Billing, ApiError> {
        let throughput = match (self.mode, self.throughput) {
            (Some(BillingMode::OnDemand), Some(_)) => return Err(units_on_demand()),
            (Some(BillingMode::OnDemand), None) => return Ok(Billing::on_demand(now_ms)),
            (Some(BillingMode::Provisioned), None) => return Err(no_units()),
            (None, None) => {
                return Err(ApiError::validation("No provisioned throughput specified for the table"));
            }
            (_, Some(throughput)) => throughput,
        };
        check_limit(throughput)?;
        Ok(Billing::provisioned(throughput))
    }

    /// Checks what can be told without the table.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn check_update(self) -> Result<(), ApiError> {
        match (self.mode, self.throughput) {
            (Some(BillingMode::OnDemand), Some(_)) => Err(units_on_demand()),
            _ => Ok(()),
        }
    }

    /// Changes the billing of a table at `now_ms`.
    ///
    /// # Errors
    /// `ValidationException` and `LimitExceededException`; nothing is changed then.
    pub fn apply(self, billing: &mut Billing, now_ms: u64) -> Result<(), ApiError> {
        match (self.mode.unwrap_or(billing.mode), self.throughput) {
            (BillingMode::OnDemand, Some(_)) => Err(units_on_demand()),
            (BillingMode::OnDemand, None) => {
                billing.become_on_demand(now_ms);
                Ok(())
            }
            (BillingMode::Provisioned, Some(throughput)) => billing.provision(throughput, now_ms),
            (BillingMode::Provisioned, None) if billing.mode == BillingMode::OnDemand => Err(no_units()),
            (BillingMode::Provisioned, None) => Ok(()),
        }
    }
}

impl Billing {
    fn on_demand(now_ms: u64) -> Self {
        let mut billing = Self::provisioned(Throughput::default());
        billing.become_on_demand(now_ms);
        billing
    }

    fn provisioned(throughput: Throughput) -> Self {
        Self {
            mode: BillingMode::Provisioned,
            throughput,
            on_demand_since_ms: None,
            last_increase_ms: None,
            last_decrease_ms: None,
            decreases_that_day: 0,
        }
    }

    fn become_on_demand(&mut self, now_ms: u64) {
        if self.mode == BillingMode::Provisioned {
            self.mode = BillingMode::OnDemand;
            self.throughput = Throughput::default();
            self.on_demand_since_ms = Some(now_ms);
        }
    }

    fn provision(&mut self, new: Throughput, now_ms: u64) -> Result<(), ApiError> {
        check_limit(new)?;
        if self.mode == BillingMode::Provisioned {
            self.note_change(new, now_ms)?;
        }
        self.mode = BillingMode::Provisioned;
        self.throughput = new;
        Ok(())
    }

    fn note_change(&mut self, new: Throughput, now_ms: u64) -> Result<(), ApiError> {
        let old = self.throughput;
        if new == old {
            return Err(same_units(old));
        }
        if new.read < old.read || new.write < old.write {
            self.decreases_that_day = self.decreases_on_day_of(now_ms) + 1;
            self.last_decrease_ms = Some(now_ms);
        }
        if new.read > old.read || new.write > old.write {
            self.last_increase_ms = Some(now_ms);
        }
        Ok(())
    }
}

fn read_throughput(fields: &mut Fields<'_>) -> Option<Throughput> {
    let mut members = fields.structure("ProvisionedThroughput", class::PROVISIONED_THROUGHPUT)?;
    let mut units = |name| members.long(name).range(1..=i64::MAX).required().unsigned_abs();
    let write = units("WriteCapacityUnits");
    Some(Throughput { read: units("ReadCapacityUnits"), write })
}

fn check_limit(throughput: Throughput) -> Result<(), ApiError> {
    for (name, units) in [("ReadCapacityUnits", throughput.read), ("WriteCapacityUnits", throughput.write)] {
        if units > MAX_TABLE_UNITS {
            return Err(limit_exceeded(&format!(
                "The requested {name} for the table, {units}, are above the limit of {MAX_TABLE_UNITS}"
            )));
        }
    }
    Ok(())
}

fn units_on_demand() -> ApiError {
    invalid_parameters(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    )
}

fn no_units() -> ApiError {
    invalid_parameters(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    )
}

fn same_units(units: Throughput) -> ApiError {
    let Throughput { read, write } = units;
    ApiError::validation(format!(
        "The provisioned throughput for the table will not change. The requested value equals the current \
         value. Current ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: \
         {read}. Current WriteCapacityUnits provisioned for the table: {write}. Requested \
         WriteCapacityUnits: {write}. Refer to the Amazon DynamoDB Developer Guide for current limits and \
         how to request higher limits."
    ))
}
