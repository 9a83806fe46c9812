//! Key agreement.

use std::sync::Arc;

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_format::wrapping::ecdh::{Curve, EcdhKey, Point};
use item_encryption_keyrings::ecdh::KmsAgreement;
use item_encryption_keyrings::kms::KmsAnswer;
use item_encryption_keyrings::{EphemeralEcdh, KeyringError, KmsClient, KmsEcdh, RawEcdh};
use zeroize::Zeroizing;

use crate::world::{ARN, FakeKms, note, open, seal};

const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

/// A key pair as PKCS#8 and SubjectPublicKeyInfo.
struct Pair(Curve, Vec<u8>, Vec<u8>);

impl Pair {
    fn new(curve: Curve) -> Self {
        let algorithm = match curve {
            Curve::P256 => &ECDH_P256,
            Curve::P384 => &ECDH_P384,
            Curve::P521 => &ECDH_P521,
        };
        let private = PrivateKey::generate(algorithm).unwrap();
        let public: PublicKeyX509Der<'_> = private.compute_public_key().unwrap().as_der().unwrap();
        let private: Pkcs8V1Der<'_> = private.as_der().unwrap();
        Self(curve, private.as_ref().to_vec(), public.as_ref().to_vec())
    }

    fn private(&self) -> EcdhKey {
        EcdhKey::from_pkcs8(self.0, &self.1).unwrap()
    }

    fn public(&self) -> Point {
        Point::from_spki(self.0, &self.2).unwrap()
    }

    fn with(&self, peer: &Self) -> RawEcdh {
        RawEcdh::between(self.0, self.private(), peer.public())
    }

    fn discovery(&self) -> RawEcdh {
        RawEcdh::discovery(self.0, self.private())
    }
}

#[test]
fn both_ends_open_what_they_exchanged_and_nobody_else_does() {
    for curve in CURVES {
        let [one, two, three] = [(); 3].map(|()| Pair::new(curve));
        let sealed = seal(&one.with(&two)).unwrap();
        for keyring in [one.with(&two), two.with(&one), two.discovery()] {
            assert_eq!(open(&keyring, sealed.clone()).unwrap(), note(), "{curve:?}");
        }
        let strangers = [three.with(&two), two.with(&three), one.discovery(), three.discovery()];
        for keyring in strangers {
            assert!(matches!(open(&keyring, sealed.clone()), Err(KeyringError::NotARecipient(_))));
        }
        assert!(matches!(seal(&two.discovery()), Err(KeyringError::CannotWrap(_))));
    }
}

#[test]
fn an_ephemeral_sender_writes_for_the_recipient_alone() {
    for curve in CURVES {
        let (recipient, stranger) = (Pair::new(curve), Pair::new(curve));
        let sender = EphemeralEcdh::to(curve, recipient.public());
        let sealed = seal(&sender).unwrap();
        assert_eq!(open(&recipient.discovery(), sealed.clone()).unwrap(), note());
        assert!(matches!(open(&sender, sealed.clone()), Err(KeyringError::NotARecipient(_))));
        assert!(open(&stranger.discovery(), sealed).is_err());
    }
}

#[test]
fn public_keys_come_back_from_their_compressed_form() {
    for curve in CURVES {
        for _ in 0..8 {
            let pair = Pair::new(curve);
            assert_eq!(pair.public().to_spki().unwrap(), pair.2);
            assert_eq!(*pair.private().public(), pair.public());
        }
    }
}

#[test]
fn what_is_no_point_of_the_curve_is_refused() {
    let pair = Pair::new(Curve::P256);
    assert!(Point::from_spki(Curve::P384, &pair.2).is_err());
    assert!(EcdhKey::from_pkcs8(Curve::P384, &pair.1).is_err());
    let mut bent = pair.2.clone();
    *bent.last_mut().unwrap() ^= 2;
    assert!(Point::from_spki(Curve::P256, &bent).is_err());
    let compressed = pair.public();
    for wrong in [&compressed.as_ref()[1..], &[2; 32], &[4; 33], &[]] {
        assert!(Point::compressed(Curve::P256, wrong).is_err());
    }
}

/// A KMS that keeps one private key.
pub struct AgreeingKms(pub EcdhKey, pub Curve);

impl KmsClient for AgreeingKms {
    fn generate_data_key<'a>(
        &'a self,
        _: &'a str,
        _: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        unreachable!("key agreement makes no data key")
    }

    fn decrypt<'a>(
        &'a self,
        _: &'a str,
        _: &'a [u8],
        _: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        unreachable!("key agreement decrypts nothing")
    }

    fn derive_shared_secret<'a>(
        &'a self,
        key: &'a str,
        public_key: &'a [u8],
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            assert_eq!(key, ARN);
            let peer = Point::from_spki(self.1, public_key).map_err(|error| error.to_string())?;
            self.0.agree(&peer).map_err(|error| error.to_string())
        })
    }
}

#[test]
fn a_private_key_in_a_kms_opens_too() {
    for curve in CURVES {
        let (one, two) = (Pair::new(curve), Pair::new(curve));
        let kms =
            |pair: &Pair| KmsAgreement::new(Arc::new(AgreeingKms(pair.private(), curve)), ARN, pair.public());
        let sealed = seal(&KmsEcdh::between(curve, kms(&one), two.public())).unwrap();
        for keyring in [
            KmsEcdh::between(curve, kms(&one), two.public()),
            KmsEcdh::between(curve, kms(&two), one.public()),
            KmsEcdh::discovery(curve, kms(&two)),
        ] {
            assert_eq!(open(&keyring, sealed.clone()).unwrap(), note());
        }
        assert!(open(&two.discovery(), sealed).is_err(), "raw ECDH is another kind of recipient");
    }
}

#[test]
fn a_client_that_cannot_agree_says_so() {
    let (one, two) = (Pair::new(Curve::P256), Pair::new(Curve::P256));
    let agreement = KmsAgreement::new(FakeKms::default(), ARN, one.public());
    let told = seal(&KmsEcdh::between(Curve::P256, agreement, two.public())).err().unwrap().to_string();
    assert!(told.contains("has no DeriveSharedSecret"), "{told}");
}
