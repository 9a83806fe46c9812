//! Which key a table shall lie under: what a request may say, what the KMS makes of it, how often it may
//! change.

use envelope::{EncryptionContext, KeyDescription, KeyManager, KeyServiceError, OnBehalfOf};
use service::{ApiError, Fields};

use super::iso_time::iso_time;
use super::kms_errors;
use crate::DynamoDb;
use crate::class;
use crate::error::{invalid_parameters, limit_exceeded};

/// The alias of the AWS managed key.
const MANAGED_ALIAS: &str = "alias/aws/dynamodb";
const DAY_MS: u64 = 86_400_000;

/// What a request wants a table to lie under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedKey {
    /// The AWS owned key.
    Owned,
    /// The AWS managed key, `alias/aws/dynamodb`.
    Managed,
    /// The key of this id, ARN, alias name or alias ARN.
    Named(String),
}

/// `SSESpecification`, its members read but not yet weighed against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseSpecification {
    enabled: Option<bool>,
    sse_type: Option<String>,
    key: Option<String>,
}

impl SseSpecification {
    /// Reads the member; `None` where it is absent.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut members = fields.structure("SSESpecification", class::SSE_SPECIFICATION)?;
        let enabled = members.boolean("Enabled").optional();
        let sse_type = members.string("SSEType").one_of(&["AES256", "KMS"]).optional();
        let key = members.string("KMSMasterKeyId").length(1..=2048).optional();
        let owned = |text: std::borrow::Cow<'_, str>| text.into_owned();
        Some(Self { enabled, sse_type: sse_type.map(owned), key: key.map(owned) })
    }

    /// Whether it says nothing. For a new table that asks for the AWS owned key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.enabled.is_none() && self.sse_type.is_none() && self.key.is_none()
    }

    /// What it asks for.
    ///
    /// # Errors
    /// `ValidationException` where its members contradict each other.
    pub fn wanted(self) -> Result<WantedKey, ApiError> {
        if self.enabled == Some(false) {
            return self.disabled();
        }
        match (self.sse_type.as_deref(), self.key) {
            (Some("AES256"), _) => Err(invalid_parameters("SSEType AES256 is not supported")),
            (None, Some(_)) => {
                Err(invalid_parameters("SSEType KMS is required if KMSMasterKeyId is specified"))
            }
            (Some(_), Some(key)) => Ok(WantedKey::Named(key)),
            (None, None) if self.enabled.is_none() => Ok(WantedKey::Owned),
            (_, None) => Ok(WantedKey::Managed),
        }
    }

    fn disabled(self) -> Result<WantedKey, ApiError> {
        match (self.sse_type, self.key) {
            (Some(_), _) => Err(invalid_parameters("SSEType can not be specified if Enabled is false")),
            (None, Some(_)) => {
                Err(invalid_parameters("KMSMasterKeyId can not be specified if Enabled is false"))
            }
            (None, None) => Ok(WantedKey::Owned),
        }
    }
}

impl DynamoDb {
    /// The key a request means. Its state is not looked at: the KMS refuses by itself to make a table key
    /// under an unusable one.
    ///
    /// # Errors
    /// The KMS's, among them the one for a key that tables may not lie under.
    pub(super) async fn find_key(
        &self,
        who: &OnBehalfOf,
        wanted: &WantedKey,
    ) -> Result<KeyDescription, KeyServiceError> {
        match wanted {
            WantedKey::Owned => self.keys.service_owned_key(who).await,
            WantedKey::Managed => self.keys.describe(who, MANAGED_ALIAS).await,
            WantedKey::Named(key) => {
                let found = self.keys.describe(who, key).await?;
                self.may_be_used(who, &found).await?;
                Ok(found)
            }
        }
    }

    async fn may_be_used(&self, who: &OnBehalfOf, found: &KeyDescription) -> Result<(), KeyServiceError> {
        match found.manager {
            KeyManager::Customer => Ok(()),
            KeyManager::ServiceOwned => Err(kms_errors::not_found(&found.arn)),
            KeyManager::Service => match self.keys.describe(who, MANAGED_ALIAS).await?.arn == found.arn {
                true => Ok(()),
                false => Err(kms_errors::not_for_tables(who, &found.arn)),
            },
        }
    }

    /// What a table's wrapped key is bound to. Asked for when a key is made, and recorded with it; never
    /// asked for to unwrap one.
    pub(super) fn encryption_context(&self, table_name: &str) -> EncryptionContext {
        EncryptionContext::from([
            ("aws:dynamodb:tableName".to_owned(), table_name.to_owned()),
            ("aws:dynamodb:subscriberId".to_owned(), self.config.account_id.clone()),
        ])
    }
}

/// How often a table may change its key: `free` times within any 24 hours, and beyond that once per
/// `interval_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeQuota {
    /// Changes within 24 hours that need no interval.
    pub free: usize,
    /// Between further changes, in milliseconds.
    pub interval_ms: u64,
}

impl Default for ChangeQuota {
    /// AWS's own: 4 changes, then one per 6 hours.
    fn default() -> Self {
        Self { free: 4, interval_ms: 21_600_000 }
    }
}

impl ChangeQuota {
    /// Whether a table that changed its key at these times may do it again.
    ///
    /// # Errors
    /// `LimitExceededException`.
    pub fn check(self, changes_ms: &[u64], now_ms: u64) -> Result<(), ApiError> {
        let recent = within_a_day(changes_ms, now_ms);
        match (recent.first(), recent.last()) {
            (Some(&first_ms), Some(&last_ms))
                if recent.len() >= self.free && now_ms.saturating_sub(last_ms) < self.interval_ms =>
            {
                Err(self.exceeded(recent.len(), first_ms, last_ms))
            }
            _ => Ok(()),
        }
    }

    fn exceeded(self, count: usize, first_ms: u64, last_ms: u64) -> ApiError {
        let (free, interval_s) = (self.free, self.interval_ms / 1000);
        let (end, last) = (iso_time(first_ms.saturating_add(DAY_MS)), iso_time(last_ms));
        limit_exceeded(&format!(
            "Encryption mode changes are limited in the 24h window ending at {end}. After the first {free} \
             change, each subsequent change in the same window can be performed at most once every \
             {interval_s} seconds. Number of updates today: {count}. Last change at {last}"
        ))
    }
}

/// The changes that still count.
#[must_use]
pub fn within_a_day(changes_ms: &[u64], now_ms: u64) -> &[u64] {
    let old = changes_ms.partition_point(|change_ms| change_ms.saturating_add(DAY_MS) <= now_ms);
    &changes_ms[old..]
}

#[cfg(test)]
mod tests {
    use super::{ChangeQuota, DAY_MS, SseSpecification, WantedKey};
    use service::{Fields, Node};

    const HOUR_MS: u64 = 3_600_000;

    fn wanted(body: &str) -> Result<WantedKey, String> {
        let body = format!(r#"{{"SSESpecification":{body}}}"#);
        let mut fields = Fields::of(Node::parse_object(body.as_bytes()).unwrap());
        let read = SseSpecification::read(&mut fields).unwrap();
        fields.finish().and_then(|()| read.wanted()).map_err(|error| error.message.unwrap())
    }

    #[test]
    fn every_way_to_name_a_key_is_understood() {
        assert_eq!(wanted("{}"), Ok(WantedKey::Owned));
        assert_eq!(wanted(r#"{"Enabled":false}"#), Ok(WantedKey::Owned));
        for managed in [r#"{"Enabled":true}"#, r#"{"Enabled":true,"SSEType":"KMS"}"#, r#"{"SSEType":"KMS"}"#]
        {
            assert_eq!(wanted(managed), Ok(WantedKey::Managed), "{managed}");
        }
        let named = Ok(WantedKey::Named("k".into()));
        assert_eq!(wanted(r#"{"SSEType":"KMS","KMSMasterKeyId":"k"}"#), named);
        assert_eq!(wanted(r#"{"Enabled":true,"SSEType":"KMS","KMSMasterKeyId":"k"}"#), named);
    }

    #[test]
    fn contradictions_are_told_in_awss_words() {
        let cases = [
            (r#"{"KMSMasterKeyId":"k"}"#, "SSEType KMS is required if KMSMasterKeyId is specified"),
            (
                r#"{"Enabled":true,"KMSMasterKeyId":"k"}"#,
                "SSEType KMS is required if KMSMasterKeyId is specified",
            ),
            (r#"{"Enabled":false,"SSEType":"KMS"}"#, "SSEType can not be specified if Enabled is false"),
            (
                r#"{"Enabled":false,"KMSMasterKeyId":"k"}"#,
                "KMSMasterKeyId can not be specified if Enabled is false",
            ),
            (r#"{"Enabled":true,"SSEType":"AES256"}"#, "SSEType AES256 is not supported"),
        ];
        for (request, text) in cases {
            let told = format!("One or more parameter values were invalid: {text}");
            assert_eq!(wanted(request), Err(told), "{request}");
        }
        assert_eq!(
            wanted(r#"{"SSEType":"kms"}"#).unwrap_err(),
            "1 validation error detected: Value 'kms' at 'sSESpecification.sSEType' failed to satisfy \
             constraint: Member must satisfy enum value set: [AES256, KMS]"
        );
        assert_eq!(
            wanted(r#"{"SSEType":"KMS","KMSMasterKeyId":""}"#).unwrap_err(),
            "1 validation error detected: Value '' at 'sSESpecification.kMSMasterKeyId' failed to satisfy \
             constraint: Member must have length greater than or equal to 1"
        );
    }

    #[test]
    fn four_changes_are_free_and_then_one_in_six_hours() {
        let quota = ChangeQuota::default();
        let hours = |hours: &[u64]| hours.iter().map(|h| h * HOUR_MS).collect::<Vec<_>>();
        assert!(quota.check(&hours(&[1, 2, 3]), 4 * HOUR_MS).is_ok());
        assert!(quota.check(&hours(&[1, 2, 3, 4]), 9 * HOUR_MS).is_err());
        assert!(quota.check(&hours(&[1, 2, 3, 4]), 10 * HOUR_MS).is_ok());
        assert!(quota.check(&hours(&[1, 2, 3, 4, 10]), 15 * HOUR_MS).is_err());
        assert!(quota.check(&hours(&[1, 2, 3, 24]), DAY_MS + HOUR_MS).is_ok());
    }

    #[test]
    fn a_spent_quota_is_told_in_awss_words() {
        let refused = ChangeQuota::default().check(&[0, 1, 2, 3_000], 4_000).unwrap_err();
        assert_eq!(refused.code, "LimitExceededException");
        assert_eq!(
            refused.message.unwrap(),
            "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at \
             1970-01-02T00:00:00.000Z. After the first 4 change, each subsequent change in the same window \
             can be performed at most once every 21600 seconds. Number of updates today: 4. Last change at \
             1970-01-01T00:00:03.000Z"
        );
    }
}
