//! Configurations for items like [`NOTE`](crate::run::NOTE).

use crate::fixture::Running;

/// A key at hand.
pub const RAW_AES: &str = r#"
[[keyrings]]
type = "raw-aes"
namespace = "ours"
name = "2026"
key = { hex = "000102030405060708090a0b0c0d0e0f" }
"#;

/// The same for the legacy format.
pub const WRAPPED: &str = r#"
[legacy-provider]
type = "wrapped"
key = { base64 = "AAECAwQFBgcICQoLDA0ODw==" }
signing-key = { base64 = "AAECAwQFBgc=" }
"#;

const ATTRIBUTES: &str = r#"
logical-table-name = "Notes"
partition-key = "id"
sort-key = "number"
unsigned-attributes = ["ttl"]
[attribute-actions]
body = "ENCRYPT_AND_SIGN"
picture = "ENCRYPT_AND_SIGN"
tags = "ENCRYPT_AND_SIGN"
tenant = "SIGN_ONLY"
"#;

/// Of the current format, with this keyring.
pub fn current(keyring: &str) -> String {
    format!("format = \"dbesdk\"\nsuite = \"0x6700\"{ATTRIBUTES}{keyring}")
}

/// Of the legacy format, with this provider, and written.
pub fn legacy(provider: &str) -> String {
    format!("format = \"legacy\"\nwrite-legacy = true{ATTRIBUTES}{provider}")
}

/// A key of a running server's KMS.
pub fn kms(server: &Running, arn: &str) -> String {
    let url = server.url();
    format!(
        "[[keyrings]]\ntype = \"kms\"\nkey-arn = \"{arn}\"\nendpoint = \"{url}\"\nregion = \"us-east-1\"\n"
    )
}

/// The same for the legacy format.
pub fn direct_kms(server: &Running, key: &str) -> String {
    let url = server.url();
    format!(
        "[legacy-provider]\ntype = \"direct-kms\"\nkey-id = \"{key}\"\nendpoint = \"{url}\"\nregion = \"us-east-1\"\n"
    )
}
