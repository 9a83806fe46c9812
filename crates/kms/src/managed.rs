//! AWS managed keys: one for each service that AWS predefines an alias for, made when it is first asked about.
//!
//! Only DynamoDB's protects anything here. The keys of services that this server does not have are told as AWS
//! tells them, so that a table which shall lie under one is refused for AWS's reason.

use crate::key_id::KeyId;
use crate::store::index::View;

/// What is known of an AWS managed key before it is made.
#[derive(Debug, PartialEq, Eq)]
pub struct ManagedKey {
    /// The alias that AWS keeps for it.
    pub alias: &'static str,
    /// The service that may use it, as in `kms:ViaService`.
    pub service: &'static str,
    /// The service's name.
    pub service_name: &'static str,
    /// What lies under it.
    protects: &'static str,
}

/// The keys, in the order of their aliases.
pub const PREDEFINED: [ManagedKey; 5] = [
    DYNAMODB,
    ManagedKey { alias: "alias/aws/ebs", service: "ec2", service_name: "EBS", protects: "EBS volumes" },
    ManagedKey {
        alias: "alias/aws/rds",
        service: "rds",
        service_name: "RDS",
        protects: "RDS database volumes",
    },
    ManagedKey {
        alias: "alias/aws/redshift",
        service: "redshift",
        service_name: "Redshift",
        protects: "Redshift clusters",
    },
    ManagedKey { alias: "alias/aws/s3", service: "s3", service_name: "S3", protects: "S3 objects" },
];

/// The key under which DynamoDB encrypts.
pub const DYNAMODB: ManagedKey = ManagedKey {
    alias: "alias/aws/dynamodb",
    service: "dynamodb",
    service_name: "Amazon DynamoDB",
    protects: "DynamoDB data",
};

impl ManagedKey {
    /// The one under this alias, given with its prefix.
    #[must_use]
    pub fn named(alias: &str) -> Option<&'static Self> {
        PREDEFINED.iter().find(|key| key.alias == alias)
    }

    /// The one that a key of the store is.
    #[must_use]
    pub fn of(view: View<'_>, key_id: KeyId) -> Option<&'static Self> {
        view.alias_names_of(key_id).find_map(|alias| Self::named(alias))
    }

    /// What `DescribeKey` says of it.
    #[must_use]
    pub fn description(&self) -> String {
        format!("Default key that protects my {} when no other key is defined", self.protects)
    }
}
