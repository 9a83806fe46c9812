//! Key agreement: a data key is wrapped by what the sender's and the recipient's key pairs have in common.
//!
//! | schema | writes | opens |
//! |---|---|---|
//! | static: own key pair, the other's public key | to the other | what either sent to the other |
//! | ephemeral: the recipient's public key, a fresh key pair for each item | to the recipient | nothing |
//! | discovery: own key pair | nothing | what anybody sent to it |
//!
//! A private key is at hand ([`RawEcdh`]) or in a KMS ([`KmsEcdh`], by `DeriveSharedSecret`).

use item_encryption_format::dbesdk::{DataKey, EncryptionMaterials};
use item_encryption_format::wrapping::ecdh::{Curve, EcdhKey, Parties, Point, SharedSecret};

use crate::kms::refused;
use crate::{Answer, Keyring, KeyringError, KmsClient, SealedKeys};

const RAW: &str = "raw-ecdh";
const KMS: &str = "aws-kms-ecdh";

/// A key pair whose private half agrees with public keys.
pub trait Agrees: Send + Sync {
    /// How items name the kind.
    const PROVIDER: &'static str;

    /// The public half.
    fn public(&self) -> &Point;

    /// What it has in common with another's public half.
    fn agree<'a>(&'a self, other: &'a Point) -> Answer<'a, SharedSecret>;
}

/// A key pair at hand.
pub type RawEcdh = Ecdh<EcdhKey>;
/// A key pair in a KMS.
pub type KmsEcdh<C> = Ecdh<KmsAgreement<C>>;

/// A key pair, and with the static schema the public key of its peer.
pub struct Ecdh<K> {
    curve: Curve,
    own: K,
    peer: Option<Point>,
}

impl<K: Agrees> Ecdh<K> {
    /// The static schema: between these two.
    #[must_use]
    pub fn between(curve: Curve, own: K, peer: Point) -> Self {
        Self { curve, own, peer: Some(peer) }
    }

    /// The discovery schema: from anybody.
    #[must_use]
    pub fn discovery(curve: Curve, own: K) -> Self {
        Self { curve, own, peer: None }
    }

    /// Whom to agree with to open what these parties exchanged; `None` where it is not for this key.
    fn other<'a>(&self, parties: &'a Parties) -> Option<&'a Point> {
        let (own, sender, recipient) = (self.own.public(), &parties.sender, &parties.recipient);
        match &self.peer {
            None => (recipient == own).then_some(sender),
            Some(peer) if recipient == own && sender == peer => Some(sender),
            Some(peer) if sender == own && recipient == peer => Some(recipient),
            Some(_) => None,
        }
    }
}

impl<K: Agrees> Keyring for Ecdh<K> {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move {
            let peer = self.peer.as_ref().ok_or_else(|| {
                KeyringError::CannotWrap(
                    "the discovery schema only reads; to write, name a recipient".to_owned(),
                )
            })?;
            let shared = self.own.agree(peer).await?;
            let (sender, recipient) = (self.own.public().clone(), peer.clone());
            let parties = Parties { curve: self.curve, sender, recipient };
            Ok(parties.wrap(K::PROVIDER, &shared, materials)?)
        })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let mut failure = None;
            for (at, encrypted) in sealed.encrypted_data_keys.iter().enumerate() {
                let Some(parties) = Parties::of(encrypted, K::PROVIDER, self.curve) else { continue };
                let Some(other) = self.other(&parties) else { continue };
                let opened = match self.own.agree(other).await {
                    Ok(shared) => parties.unwrap(&shared, encrypted, at, sealed.bound),
                    Err(error) => {
                        failure = Some(error);
                        continue;
                    }
                };
                match opened {
                    Ok(key) => return Ok(key),
                    Err(error) => failure = Some(KeyringError::DoesNotOpen(error.to_string())),
                }
            }
            Err(sealed.unopened(failure))
        })
    }
}

impl Agrees for EcdhKey {
    const PROVIDER: &'static str = RAW;

    fn public(&self) -> &Point {
        Self::public(self)
    }

    fn agree<'a>(&'a self, other: &'a Point) -> Answer<'a, SharedSecret> {
        Box::pin(async move { Ok(Self::agree(self, other)?) })
    }
}

/// A key pair in a KMS, of the usage `KEY_AGREEMENT`.
pub struct KmsAgreement<C> {
    client: C,
    key: String,
    public: Point,
}

impl<C: KmsClient> KmsAgreement<C> {
    /// The key with this ARN, and its public half, which `GetPublicKey` tells.
    #[must_use]
    pub fn new(client: C, key_arn: &str, public: Point) -> Self {
        Self { client, key: key_arn.to_owned(), public }
    }
}

impl<C: KmsClient> Agrees for KmsAgreement<C> {
    const PROVIDER: &'static str = KMS;

    fn public(&self) -> &Point {
        &self.public
    }

    fn agree<'a>(&'a self, other: &'a Point) -> Answer<'a, SharedSecret> {
        Box::pin(async move {
            let shared = self.client.derive_shared_secret(&self.key, &other.to_spki()?).await;
            shared.map_err(|reason| refused("DeriveSharedSecret", &self.key, reason))
        })
    }
}

/// The ephemeral schema: to a recipient, from a key pair that is forgotten.
pub struct EphemeralEcdh {
    curve: Curve,
    recipient: Point,
}

impl EphemeralEcdh {
    /// To this recipient.
    #[must_use]
    pub fn to(curve: Curve, recipient: Point) -> Self {
        Self { curve, recipient }
    }
}

impl Keyring for EphemeralEcdh {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move {
            let own = EcdhKey::generate(self.curve)?;
            let shared = EcdhKey::agree(&own, &self.recipient)?;
            let (sender, recipient) = (own.public().clone(), self.recipient.clone());
            let parties = Parties { curve: self.curve, sender, recipient };
            Ok(parties.wrap(RAW, &shared, materials)?)
        })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move { Err(KeyringError::NotARecipient(sealed.recipients())) })
    }
}
