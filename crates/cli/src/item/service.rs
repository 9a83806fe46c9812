//! A service of AWS or of a Strongroom, through the binary's own client.

use std::env::var;
use std::path::{Path, PathBuf};

use anyhow::Context;
use auth::AccessKey;
use bytes::Bytes;
use serde_json::Value;

use crate::client::{self, Call, Connections};

/// A service where it answers, and who signs.
pub struct Service {
    /// As signatures name it.
    name: &'static str,
    endpoint: String,
    region: String,
    key: AccessKey,
    ca_cert: Option<PathBuf>,
    connections: Connections,
}

impl Service {
    /// At the endpoint and in the Region given, else as the environment says, else AWS's own.
    pub fn new(
        name: &'static str,
        endpoint: Option<&str>,
        region: Option<&str>,
        ca_cert: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let variable = |names: [&str; 2]| names.iter().find_map(|name| var(name).ok());
        let region = region.map(str::to_owned).or_else(|| variable(["AWS_REGION", "AWS_DEFAULT_REGION"]));
        let region = region.with_context(|| format!("{name} needs a region, given or as AWS_REGION"))?;
        let own = format!("AWS_ENDPOINT_URL_{}", name.to_uppercase());
        let endpoint = endpoint.map(str::to_owned).or_else(|| variable([&own, "AWS_ENDPOINT_URL"]));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{name}.{region}.amazonaws.com"));
        if endpoint.starts_with("https:") && ca_cert.is_none() {
            anyhow::bail!("{endpoint} speaks https: name the certificates to trust with --ca-cert");
        }
        if var("AWS_SESSION_TOKEN").is_ok() {
            anyhow::bail!("AWS_SESSION_TOKEN is set, but temporary credentials cannot be used here yet");
        }
        let key = client::access_key(None)?;
        Ok(Self { name, endpoint, region, key, ca_cert, connections: Connections::default() })
    }

    /// Calls an operation, `<api>.<operation>`.
    pub async fn call(&self, target: &str, body: &Value) -> anyhow::Result<Bytes> {
        let call = Call {
            endpoint: &self.endpoint,
            ca_cert: self.ca_cert.as_deref().map(Path::new),
            key: &self.key,
            region: &self.region,
            service: self.name,
            target,
            body: body.to_string().into(),
        };
        self.connections.send(call).await
    }
}
