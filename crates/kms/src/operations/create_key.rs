//! CreateKey: makes a customer managed key. Symmetric keys with material of our own work; every other kind is
//! refused.

use std::collections::BTreeMap;

use envelope::KeyManager;
use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::error::KmsError;
use crate::key::{KEY_SPEC, KEY_USAGE, KeyMetadata};
use crate::members::not_yet;
use crate::new_key::NewKey;
use crate::policy;
use crate::service::Kms;
use crate::tag::{self, Presence};

/// The operation.
pub struct CreateKey;

/// What it needs.
pub struct Input {
    description: String,
    policy: Option<String>,
    tags: BTreeMap<String, String>,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    key_metadata: KeyMetadata,
}

const KEY_SPECS: [&str; 20] = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    KEY_SPEC,
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];
const KEY_USAGES: [&str; 5] =
    ["SIGN_VERIFY", KEY_USAGE, "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"];
const ORIGIN: &str = "AWS_KMS";
const ORIGINS: [&str; 4] = [ORIGIN, "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"];

impl Operation<Kms> for CreateKey {
    const NAME: &'static str = "CreateKey";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let policy = fields.string("Policy").length(1..=131_072).optional().map(String::from);
        let description = fields.string("Description").length(0..=8192).optional();
        let kind = Kind::members(&mut fields);
        let tags = tag::tags_member(&mut fields, Presence::Optional);
        fields.finish()?;
        kind.check()?;
        let tags = tag::merged(&BTreeMap::new(), &tags)?;
        Ok(Input { description: description.map(String::from).unwrap_or_default(), policy, tags })
    }

    async fn run(room: &Kms, _: &CallContext, input: Input) -> Result<Output, ApiError> {
        if let Some(policy) = &input.policy {
            policy::check_is_default(policy, &room.home.account_id)?;
        }
        let Input { description, tags, .. } = input;
        let record = room.create_key(NewKey { manager: KeyManager::Customer, description, tags }).await?;
        Ok(Output { key_metadata: record.metadata(&room.home) })
    }
}

/// What kind of key is asked for.
struct Kind {
    usage: Option<String>,
    old_spec: Option<String>,
    spec: Option<String>,
    origin: Option<String>,
    is_multi_region: bool,
    store: Option<&'static str>,
}

impl Kind {
    fn members(fields: &mut Fields<'_>) -> Self {
        let mut choice =
            |name, values: &[&str]| fields.string(name).one_of(values).optional().map(String::from);
        Self {
            usage: choice("KeyUsage", &KEY_USAGES),
            old_spec: choice("CustomerMasterKeySpec", &KEY_SPECS),
            spec: choice("KeySpec", &KEY_SPECS),
            origin: choice("Origin", &ORIGINS),
            // It guards against policies that lock their author out, of which none is taken.
            is_multi_region: {
                let _ = fields.boolean("BypassPolicyLockoutSafetyCheck").optional();
                fields.boolean("MultiRegion").optional().unwrap_or_default()
            },
            store: ["CustomKeyStoreId", "XksKeyId"].into_iter().find(|member| fields.has(member)),
        }
    }

    fn check(self) -> Result<(), KmsError> {
        if self.spec.is_some() && self.old_spec.is_some() {
            let text = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                        CustomerMasterKeySpec is deprecated.";
            return Err(KmsError::Validation(text.into()));
        }
        let spec = self.spec.or(self.old_spec).unwrap_or_else(|| KEY_SPEC.into());
        check_usage(&spec, self.usage.as_deref())?;
        let origin = self.origin.as_deref().unwrap_or(ORIGIN);
        if spec != KEY_SPEC {
            return Err(not_yet(&format!("KeySpec {spec}")));
        }
        if origin != ORIGIN {
            return Err(not_yet(&format!("Origin {origin}")));
        }
        if self.is_multi_region {
            return Err(not_yet("MultiRegion"));
        }
        self.store.map_or(Ok(()), |member| Err(not_yet(member)))
    }
}

/// What keys of this kind can be for.
fn usages_of(spec: &str) -> &'static [&'static str] {
    const SIGN: &str = "SIGN_VERIFY";
    match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => &[KEY_USAGE, SIGN],
        "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_NIST_P521" => &[SIGN, "KEY_AGREEMENT"],
        "ECC_SECG_P256K1" | "ECC_NIST_EDWARDS25519" | "ML_DSA_44" | "ML_DSA_65" | "ML_DSA_87" => &[SIGN],
        "HMAC_224" | "HMAC_256" | "HMAC_384" | "HMAC_512" => &["GENERATE_VERIFY_MAC"],
        "SM2" => &[KEY_USAGE, SIGN, "KEY_AGREEMENT"],
        "ML_KEM_512" | "ML_KEM_768" | "ML_KEM_1024" => &["ENCAPSULATE_DECAPSULATE"],
        _ => &[KEY_USAGE],
    }
}

fn check_usage(spec: &str, usage: Option<&str>) -> Result<(), KmsError> {
    match usage {
        None if spec == KEY_SPEC => Ok(()),
        None => Err(KmsError::Validation(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.".into(),
        )),
        Some(usage) if !usages_of(spec).contains(&usage) => {
            Err(KmsError::Validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")))
        }
        Some(_) => Ok(()),
    }
}
