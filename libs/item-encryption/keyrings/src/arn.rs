//! Names of KMS keys: `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`.

use std::fmt;

/// A KMS key's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyArn {
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// Where the key is.
    pub region: String,
    /// Whose it is.
    pub account: String,
    /// Which it is.
    pub id: String,
}

impl KeyArn {
    /// Reads an ARN; `None` where it names no key, but an alias or something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (arn, partition, service) = (part()?, part()?, part()?);
        let (region, account, resource) = (part()?, part()?, part()?);
        let id = resource.strip_prefix("key/").filter(|id| !id.is_empty() && !id.contains([':', '/']))?;
        let owned = str::to_owned;
        (arn == "arn" && service == "kms").then(|| Self {
            partition: owned(partition),
            region: owned(region),
            account: owned(account),
            id: owned(id),
        })
    }

    /// Whether the key has, or may have, replicas in other Regions.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.id.starts_with("mrk-")
    }

    /// The same key's replica in a Region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    /// Whether the other is this key, or a replica of it: multi-Region keys differ in nothing but the Region.
    #[must_use]
    pub fn is_replica_of(&self, other: &Self) -> bool {
        self == other || self.is_multi_region() && self.in_region(&other.region) == *other
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, id } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:key/{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::KeyArn;

    fn arn(region: &str, id: &str) -> KeyArn {
        KeyArn::parse(&format!("arn:aws:kms:{region}:000000000000:key/{id}")).unwrap()
    }

    #[test]
    fn replicas_differ_in_their_region_only() {
        assert!(arn("us-east-1", "mrk-1").is_replica_of(&arn("eu-west-1", "mrk-1")));
        assert!(!arn("us-east-1", "mrk-1").is_replica_of(&arn("eu-west-1", "mrk-2")));
        assert!(!arn("us-east-1", "1").is_replica_of(&arn("eu-west-1", "1")));
        assert!(arn("us-east-1", "1").is_replica_of(&arn("us-east-1", "1")));
    }

    #[test]
    fn what_names_no_key_is_no_key_arn() {
        let text = "arn:aws-cn:kms:cn-north-1:1:key/mrk-1";
        assert_eq!(KeyArn::parse(text).unwrap().to_string(), text);
        for other in [
            "mrk-1",
            "arn:aws:kms:r:1:alias/a",
            "arn:aws:s3:r:1:key/1",
            "arn:aws:kms::1:key/1",
            "arn:aws:kms:r:1:key/",
        ] {
            assert_eq!(KeyArn::parse(other), None, "{other}");
        }
    }
}
