//! `TableDescription`: a table as calls about tables show it.

use env::Env;
use envelope::KeyManager;
use serde::{Serialize, Serializer};

use super::descriptor::{Billing, BillingMode, Descriptor, Encryption, Size, Stage};
use super::{KeySchema, Table};
use crate::DynamoDb;

const DAY_MS: u64 = 86_400_000;
/// What AWS gives a table that is billed on demand, in units per second.
const WARM_ON_DEMAND: (u64, u64) = (12_000, 4_000);

/// The status a call shows, where it is not the one the table has by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Now,
    /// `CREATING`: what `CreateTable` answers.
    Creating,
    /// `UPDATING`: what a change of billing answers.
    Updating,
    /// `DELETING`: what `DeleteTable` answers, without what is forgotten already.
    Deleting,
}

/// The answer's structure.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableDescription {
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    table_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_schema: Option<Vec<KeySchemaElement>>,
    table_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date_time: Option<EpochSeconds>,
    provisioned_throughput: ProvisionedThroughput,
    table_size_bytes: u64,
    item_count: u64,
    table_arn: String,
    table_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_mode_summary: Option<BillingModeSummary>,
    #[serde(rename = "SSEDescription", skip_serializing_if = "Option::is_none")]
    sse_description: Option<SseDescription>,
    deletion_protection_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_throughput: Option<WarmThroughput>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeDefinition {
    attribute_name: String,
    attribute_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeySchemaElement {
    attribute_name: String,
    key_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProvisionedThroughput {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_increase_date_time: Option<EpochSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_decrease_date_time: Option<EpochSeconds>,
    number_of_decreases_today: u32,
    read_capacity_units: u64,
    write_capacity_units: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BillingModeSummary {
    billing_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_to_pay_per_request_date_time: Option<EpochSeconds>,
}

#[derive(Serialize)]
struct SseDescription {
    #[serde(rename = "Status")]
    status: &'static str,
    #[serde(rename = "SSEType", skip_serializing_if = "Option::is_none")]
    sse_type: Option<&'static str>,
    #[serde(rename = "KMSMasterKeyArn", skip_serializing_if = "Option::is_none")]
    kms_key_arn: Option<String>,
    #[serde(rename = "InaccessibleEncryptionDateTime", skip_serializing_if = "Option::is_none")]
    inaccessible_since: Option<EpochSeconds>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WarmThroughput {
    read_units_per_second: u64,
    write_units_per_second: u64,
    status: &'static str,
}

/// Milliseconds, told as seconds with a fraction.
struct EpochSeconds(u64);

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl DynamoDb {
    /// A table as a call shows it.
    #[must_use]
    pub fn describe(&self, table: &Table, shown: Shown) -> TableDescription {
        let size = match shown {
            Shown::Deleting => Size::default(),
            _ => self.size(table),
        };
        described(table, shown, size, &self.env)
    }
}

fn described(table: &Table, shown: Shown, size: Size, env: &Env) -> TableDescription {
    let descriptor = table.descriptor();
    let whole = shown != Shown::Deleting;
    TableDescription {
        attribute_definitions: whole.then(|| attribute_definitions(&descriptor.key_schema)),
        table_name: descriptor.name.clone(),
        key_schema: whole.then(|| key_schema(&descriptor.key_schema)),
        table_status: status(descriptor, shown),
        creation_date_time: whole.then_some(EpochSeconds(descriptor.created_ms)),
        provisioned_throughput: throughput(&descriptor.billing, env.clock.now_ms()),
        table_size_bytes: size.bytes,
        item_count: size.items,
        table_arn: table.arn().to_owned(),
        table_id: descriptor.id.to_string(),
        billing_mode_summary: billing_mode_summary(&descriptor.billing, shown),
        sse_description: sse_description(&descriptor.encryption),
        deletion_protection_enabled: descriptor.deletion_protection,
        warm_throughput: (shown == Shown::Now).then(|| warm_throughput(&descriptor.billing)),
    }
}

fn status(descriptor: &Descriptor, shown: Shown) -> &'static str {
    match (shown, descriptor.stage) {
        (Shown::Creating, _) | (Shown::Now, Stage::Creating) => "CREATING",
        (Shown::Updating, _) => "UPDATING",
        (Shown::Deleting, _) | (Shown::Now, Stage::Deleting | Stage::Shredding) => "DELETING",
        (Shown::Now, Stage::Active) => match descriptor.encryption.inaccessible_since_ms {
            Some(_) => "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
            None => "ACTIVE",
        },
    }
}

fn attribute_definitions(schema: &KeySchema) -> Vec<AttributeDefinition> {
    let definition = |attribute: &super::KeyAttribute| AttributeDefinition {
        attribute_name: attribute.name.clone(),
        attribute_type: attribute.kind.name(),
    };
    schema.attributes().map(definition).collect()
}

fn key_schema(schema: &KeySchema) -> Vec<KeySchemaElement> {
    let elements = schema.attributes().zip(["HASH", "RANGE"]);
    elements
        .map(|(attribute, key_type)| KeySchemaElement { attribute_name: attribute.name.clone(), key_type })
        .collect()
}

fn throughput(billing: &Billing, now_ms: u64) -> ProvisionedThroughput {
    ProvisionedThroughput {
        last_increase_date_time: billing.last_increase_ms.map(EpochSeconds),
        last_decrease_date_time: billing.last_decrease_ms.map(EpochSeconds),
        number_of_decreases_today: billing.decreases_on_day_of(now_ms),
        read_capacity_units: billing.throughput.read,
        write_capacity_units: billing.throughput.write,
    }
}

/// Absent for a table that has always been provisioned.
fn billing_mode_summary(billing: &Billing, shown: Shown) -> Option<BillingModeSummary> {
    let since = billing.on_demand_since_ms?;
    let billing_mode = match billing.mode {
        BillingMode::Provisioned => "PROVISIONED",
        BillingMode::OnDemand => "PAY_PER_REQUEST",
    };
    let last_update_to_pay_per_request_date_time = (shown != Shown::Creating).then_some(EpochSeconds(since));
    Some(BillingModeSummary { billing_mode, last_update_to_pay_per_request_date_time })
}

/// Absent for the AWS owned key: that is how DynamoDB says it. While a table leaves that key, only the
/// status is told.
fn sse_description(encryption: &Encryption) -> Option<SseDescription> {
    let is_told = encryption.table_key.manager != KeyManager::ServiceOwned;
    let status = match encryption.pending {
        Some(_) => "UPDATING",
        None if is_told => "ENABLED",
        None => return None,
    };
    Some(SseDescription {
        status,
        sse_type: is_told.then_some("KMS"),
        kms_key_arn: is_told.then(|| encryption.table_key.kms_key_arn.clone()),
        inaccessible_since: encryption.inaccessible_since_ms.map(EpochSeconds),
    })
}

fn warm_throughput(billing: &Billing) -> WarmThroughput {
    let (read_units_per_second, write_units_per_second) = match billing.mode {
        BillingMode::OnDemand => WARM_ON_DEMAND,
        BillingMode::Provisioned => (billing.throughput.read, billing.throughput.write),
    };
    WarmThroughput { read_units_per_second, write_units_per_second, status: "ACTIVE" }
}

impl Billing {
    /// `NumberOfDecreasesToday`, of the UTC day in which `now_ms` lies.
    #[must_use]
    pub fn decreases_on_day_of(&self, now_ms: u64) -> u32 {
        let is_that_day = |decrease_ms: &u64| decrease_ms / DAY_MS == now_ms / DAY_MS;
        self.last_decrease_ms.filter(is_that_day).map_or(0, |_| self.decreases_that_day)
    }
}
