//! Reaching the services that a configuration names.

use std::path::PathBuf;

use item_encryption_command::{ConfigError, Connect, Endpoint};
use item_encryption_keyrings::{KmsClient, TableClient};

use super::key_tables::KeyTables;
use super::kms::Kms;
use super::service::Service;

/// Makes clients; an access key is needed only when a configuration names a service.
pub struct Connector {
    ca_cert: Option<PathBuf>,
}

impl Connector {
    /// Trusting these certificates over https.
    pub fn new(ca_cert: Option<PathBuf>) -> Self {
        Self { ca_cert }
    }

    fn service(&self, name: &'static str, at: &Endpoint) -> Result<Service, ConfigError> {
        let service = Service::new(name, at.url.as_deref(), at.region.as_deref(), self.ca_cert.clone());
        service.map_err(|error| ConfigError(format!("{error:#}")))
    }
}

impl Connect for Connector {
    fn kms(&self, at: &Endpoint) -> Result<Box<dyn KmsClient>, ConfigError> {
        Ok(Box::new(Kms(self.service("kms", at)?)))
    }

    fn tables(&self, at: &Endpoint) -> Result<Box<dyn TableClient>, ConfigError> {
        Ok(Box::new(KeyTables(self.service("dynamodb", at)?)))
    }
}
