//! Keys of a KMS: by name, by replica, and by discovery.

use item_encryption_keyrings::kms::DiscoveryFilter;
use item_encryption_keyrings::{Keyring, KeyringError, KmsDiscovery, KmsKeyring, MultiKeyring};

use crate::world::{ARN, FakeKms, note, open, seal};

const SINGLE: &str = "arn:aws:kms:us-east-1:111111111111:key/single";

#[test]
fn a_kms_key_opens_under_the_same_context_and_its_refusal_is_told() {
    let kms = FakeKms::default();
    let sealed = seal(&KmsKeyring::new(kms.clone(), ARN)).unwrap();
    assert_eq!(open(&KmsKeyring::new(kms.clone(), ARN), sealed.clone()).unwrap(), note());
    assert_eq!(kms.0.lock().unwrap().wrapped[0].context.get("aws-crypto-table-name"), Some("Notes"));
    kms.0.lock().unwrap().disabled = true;
    let refused = open(&KmsKeyring::new(kms, ARN), sealed).err().unwrap();
    assert!(refused.to_string().contains("is disabled"), "{refused}");
}

#[test]
fn a_replica_of_a_multi_region_key_opens_where_that_was_asked_for() {
    let kms = FakeKms::default();
    let replica = ARN.replace("us-east-1", "eu-west-1");
    let sealed = seal(&KmsKeyring::new(kms.clone(), ARN)).unwrap();
    let strict = open(&KmsKeyring::new(kms.clone(), &replica), sealed.clone());
    assert!(matches!(strict, Err(KeyringError::NotARecipient(_))));
    assert_eq!(open(&KmsKeyring::multi_region(kms, &replica), sealed).unwrap(), note());
}

fn filter(partition: &str, account: &str) -> Option<DiscoveryFilter> {
    Some(DiscoveryFilter { partition: partition.to_owned(), accounts: [account.to_owned()].into() })
}

#[test]
fn discovery_opens_what_its_filter_admits_and_writes_nothing() {
    let kms = FakeKms::default();
    let sealed = seal(&KmsKeyring::new(kms.clone(), SINGLE)).unwrap();
    let discovery = |region, filter| KmsDiscovery::new(kms.clone(), region, filter);
    for admitting in [None, filter("aws", "111111111111")] {
        assert_eq!(open(&discovery("us-east-1", admitting), sealed.clone()).unwrap(), note());
    }
    let before = kms.calls("Decrypt");
    let refusing = [
        discovery("us-east-1", filter("aws", "222222222222")),
        discovery("us-east-1", filter("aws-cn", "111111111111")),
        discovery("eu-west-1", None),
        KmsDiscovery::multi_region(kms.clone(), "eu-west-1", None),
    ];
    for keyring in refusing {
        assert!(matches!(open(&keyring, sealed.clone()), Err(KeyringError::NotARecipient(_))));
        assert!(matches!(seal(&keyring), Err(KeyringError::CannotWrap(_))));
    }
    assert_eq!(kms.calls("Decrypt"), before, "a key that is not admitted is not asked for");
}

#[test]
fn discovery_in_another_region_finds_replicas_where_that_was_asked_for() {
    let kms = FakeKms::default();
    let sealed = seal(&KmsKeyring::new(kms.clone(), ARN)).unwrap();
    let near = KmsDiscovery::multi_region(kms.clone(), "eu-west-1", filter("aws", "000000000000"));
    assert_eq!(open(&near, sealed.clone()).unwrap(), note());
    let regions: Vec<Box<dyn Keyring>> = ["eu-west-1", "us-east-1"]
        .map(|region| Box::new(KmsDiscovery::new(kms.clone(), region, None)) as Box<dyn Keyring>)
        .into();
    assert_eq!(open(&MultiKeyring::new(regions), sealed).unwrap(), note());
}
