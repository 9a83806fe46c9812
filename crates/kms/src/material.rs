//! Key material: the secret bytes of a key, kept shreddable, opened on demand.

use std::fmt;

use crypto::{KEY_LEN, SecretKey};
use env::Random;
use env::random::random_bytes;
use envelope::{Sealing, ShredError, ShreddableSecret, Shredder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use crate::key_id::KeyId;

const PURPOSE: &[u8] = b"strongroom kms material 1";

/// The id of a material, 64 hexadecimal digits on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialId(pub [u8; 32]);

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for MaterialId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MaterialId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A material as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterialRecord {
    /// Its id.
    pub id: MaterialId,
    /// Its bytes, under the shred key.
    pub secret: ShreddableSecret,
}

impl MaterialRecord {
    /// A fresh material of key `key_id`. `sealing` must be held until the record is durable.
    #[must_use]
    pub fn generate(key_id: KeyId, sealing: &Sealing<'_>, random: &dyn Random) -> Self {
        let (id, key) = (MaterialId(random_bytes(random)), SecretKey::generate(random));
        Self { id, secret: sealing.seal(key.expose(), &binding(key_id, id)) }
    }

    /// The material itself.
    ///
    /// # Errors
    /// [`ShredError::NotAuthentic`]: shredded, damaged, or of another key.
    pub async fn open(&self, key_id: KeyId, shredder: &Shredder) -> Result<Material, ShredError> {
        let opened = shredder.unseal(&self.secret, &binding(key_id, self.id)).await?;
        let mut bytes: [u8; KEY_LEN] = opened.as_slice().try_into().map_err(|_| ShredError::NotAuthentic)?;
        let key = SecretKey::take(&mut bytes);
        bytes.zeroize();
        Ok(Material { key_id, id: self.id, key })
    }

    /// The same under the current epoch.
    ///
    /// # Errors
    /// [`ShredError::NotAuthentic`].
    pub fn renewed(&self, key_id: KeyId, sealing: &Sealing<'_>) -> Result<Self, ShredError> {
        Ok(Self { id: self.id, secret: sealing.renew(&self.secret, &binding(key_id, self.id))? })
    }
}

/// An opened material; wiped on drop.
pub struct Material {
    /// Whose it is.
    pub key_id: KeyId,
    /// Which.
    pub id: MaterialId,
    /// The secret that message keys are derived from.
    pub(crate) key: SecretKey,
}

fn binding(key_id: KeyId, id: MaterialId) -> Vec<u8> {
    [PURPOSE, key_id.as_bytes(), &id.0].concat()
}
