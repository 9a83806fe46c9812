//! Reaching the services that a configuration names, through whatever clients the program has.

use item_encryption_keyrings::{KeyArn, KmsClient, TableClient};

use crate::ConfigError;

/// Where a service answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its URL; else what the program knows of the Region's.
    pub url: Option<String>,
    /// The Region that requests are signed for; else the program's own.
    pub region: Option<String>,
}

impl Endpoint {
    /// As a configuration has it.
    pub(crate) fn new(url: Option<&String>, region: Option<&String>) -> Self {
        Self { url: url.cloned(), region: region.cloned() }
    }

    /// The same, in the Region of a KMS key where no other was said.
    pub(crate) fn near(self, key: &str) -> Self {
        let region = self.region.or_else(|| KeyArn::parse(key).map(|arn| arn.region));
        Self { region, ..self }
    }
}

/// Makes clients.
pub trait Connect {
    /// Of a KMS.
    ///
    /// # Errors
    /// What is missing to reach it.
    fn kms(&self, at: &Endpoint) -> Result<Box<dyn KmsClient>, ConfigError>;

    /// Of DynamoDB.
    ///
    /// # Errors
    /// What is missing to reach it.
    fn tables(&self, at: &Endpoint) -> Result<Box<dyn TableClient>, ConfigError>;
}

/// Reaches nothing: for keys at hand.
pub struct Offline;

impl Connect for Offline {
    fn kms(&self, _: &Endpoint) -> Result<Box<dyn KmsClient>, ConfigError> {
        Err(ConfigError::new("there is no KMS here"))
    }

    fn tables(&self, _: &Endpoint) -> Result<Box<dyn TableClient>, ConfigError> {
        Err(ConfigError::new("there is no DynamoDB here"))
    }
}
