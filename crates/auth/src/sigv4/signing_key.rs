//! Signing keys: derived from a secret access key for a day, a Region and a service, and kept for the day.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::{HmacKey, hmac_sha256};
use parking_lot::RwLock;
use zeroize::Zeroizing;

use crate::SecretAccessKey;

/// How many derived keys are kept. One access key has one for each service and day; two days meet at midnight.
const KEPT: usize = 64;

/// Derives the signing key of a scope: its date, Region, service and terminator, in this order.
#[must_use]
pub fn derive(secret: &SecretAccessKey, scope: [&str; 4]) -> HmacKey {
    let first = Zeroizing::new(format!("AWS4{}", secret.expose()).into_bytes());
    let mut key = Zeroizing::new(hmac_sha256(&first, scope[0].as_bytes()));
    for part in &scope[1..] {
        key = Zeroizing::new(hmac_sha256(&*key, part.as_bytes()));
    }
    HmacKey::new(&*key)
}

/// Derived keys by credential (`access-key/date/region/service/aws4_request`). Deriving one takes five HMACs,
/// using one takes one.
#[derive(Default)]
pub struct SigningKeys {
    by_credential: RwLock<HashMap<String, Arc<HmacKey>>>,
}

impl SigningKeys {
    /// The key of a credential. Ask only for credentials whose scope was checked: others would push out the
    /// keys that are in use.
    pub fn get(&self, credential: &str, derive: impl FnOnce() -> HmacKey) -> Arc<HmacKey> {
        if let Some(kept) = self.by_credential.read().get(credential) {
            return Arc::clone(kept);
        }
        let derived = Arc::new(derive());
        let mut keys = self.by_credential.write();
        if keys.len() >= KEPT {
            keys.clear();
        }
        keys.insert(credential.to_owned(), Arc::clone(&derived));
        derived
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, SigningKeys, derive};
    use crate::SecretAccessKey;

    // From AWS's documentation, "Examples of how to derive a signing key": this secret, day, Region, service.
    #[test]
    fn a_key_is_derived_as_published() {
        let secret = SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()).unwrap();
        let key = derive(&secret, ["20150830", "us-east-1", "iam", "aws4_request"]);
        let to_sign = b"AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                        f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        assert_eq!(
            hex::encode(key.sign(&[to_sign])),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn the_number_of_kept_keys_is_bounded() {
        let secret = SecretAccessKey::new("secret".into()).unwrap();
        let keys = SigningKeys::default();
        for at in 0..KEPT * 3 {
            let _ = keys.get(&at.to_string(), || derive(&secret, ["", "", "", ""]));
            assert!(keys.by_credential.read().len() <= KEPT);
        }
    }
}
