//! The seal: a file in the data directory that knows the root key without telling it.
//!
//! ```text
//!   0    1 B  format version, 1
//!   1    1 B  kind of root key: 1 a key, 2 a passphrase
//!   2   32 B  salt, random
//!  34    4 B  Argon2id: memory in KiB, big-endian  ┐
//!  38    4 B  Argon2id: passes                     │ zero for a key
//!  42    4 B  Argon2id: lanes                      ┘
//!  46   32 B  commitment of the root key, bound to bytes 0..46
//!  78    8 B  check: the first bytes of SHA-256("strongroom seal" ‖ bytes 0..78)
//! ```
//! The check keeps no secret; it tells a damaged seal from a wrong key.

use std::fmt;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use crypto::{COMMITMENT_LEN, KEY_LEN, SALT_LEN, SecretKey, constant_time_eq, sha256};
use env::Env;
use env::random::random_bytes;
use zeroize::Zeroizing;

use super::source::Given;
use super::{RootKeyError, during};

/// The seal's name in the data directory.
pub const NAME: &str = "seal";
/// Its name while it is written.
pub const UNFINISHED_NAME: &str = "seal.new";

const FORMAT_VERSION: u8 = 1;
const BOUND_LEN: usize = 46;
const CHECKED_LEN: usize = BOUND_LEN + COMMITMENT_LEN;
const CHECK_LEN: usize = 8;
const LEN: usize = CHECKED_LEN + CHECK_LEN;
const COMMITMENT_PURPOSE: &[u8] = b"strongroom root key";
const CHECK_PURPOSE: &[u8] = b"strongroom seal";

/// The kinds of root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 32 random bytes, from wherever.
    Key,
    /// A passphrase that is stretched into a key.
    Passphrase,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Passphrase => "passphrase",
        })
    }
}

/// How a passphrase is stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretching {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Stretching {
    /// What new seals are made with: RFC 9106's choice where memory is short, in one lane.
    pub const NEW: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };

    /// What a seal may ask for: damaged or hostile numbers must not take all memory, or all day.
    fn is_bounded(self) -> bool {
        (8 << 10..=1 << 20).contains(&self.memory_kib)
            && (1..=32).contains(&self.passes)
            && (1..=16).contains(&self.lanes)
    }

    fn stretch(self, passphrase: &[u8], salt: &[u8; SALT_LEN]) -> Option<SecretKey> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LEN)).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        argon2.hash_password_into(passphrase, salt, bytes.as_mut_slice()).ok()?;
        Some(SecretKey::take(&mut bytes))
    }
}

/// A seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    stretching: Option<Stretching>,
    salt: [u8; SALT_LEN],
    commitment: [u8; COMMITMENT_LEN],
}

impl Seal {
    /// Makes the seal of a new data directory.
    pub(super) fn make(env: &Env, given: Given) -> (Self, SecretKey) {
        let salt = random_bytes(&*env.random);
        let stretching = match given {
            Given::Key(_) => None,
            Given::Passphrase(_) => Some(Stretching::NEW),
        };
        let mut seal = Self { stretching, salt, commitment: [0; COMMITMENT_LEN] };
        let key = seal.key_of(given).expect("the numbers of new seals are within Argon2's limits");
        seal.commitment = seal.commitment_of(&key);
        (seal, key)
    }

    /// The root key, where what is given is the right one.
    pub(super) fn open(&self, given: Given) -> Option<SecretKey> {
        let key = self.key_of(given)?;
        constant_time_eq(&self.commitment, &self.commitment_of(&key)).then_some(key)
    }

    /// The kind of root key it knows.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.stretching {
            None => Kind::Key,
            Some(_) => Kind::Passphrase,
        }
    }

    /// Its salt.
    #[must_use]
    pub fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    /// Reads the seal of a data directory; `None` where there is none.
    pub(super) fn read(env: &Env, data_dir: &Path) -> Result<Option<Self>, RootKeyError> {
        let path = path(data_dir);
        if !env.disk.exists(&path).map_err(during("look for", &path))? {
            return Ok(None);
        }
        let bytes = env::disk::read_file(&*env.disk, &path, LEN as u64).map_err(during("read", &path))?;
        Self::decode(&bytes).map(Some).ok_or(RootKeyError::SealDamaged(path))
    }

    /// Writes the seal into its data directory, durably.
    pub(super) fn write(&self, env: &Env, data_dir: &Path) -> Result<(), RootKeyError> {
        let path = path(data_dir);
        env::disk::replace_file(&*env.disk, &path, &self.encode()).map_err(during("write", &path))
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.bound().to_vec();
        bytes.extend_from_slice(&self.commitment);
        let check = check_of(&bytes);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// The seal with these bytes; `None` where no version of this server wrote them.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LEN] = bytes.try_into().ok()?;
        let (checked, check) = bytes.split_first_chunk::<CHECKED_LEN>()?;
        let ([version, kind], rest) = checked.split_first_chunk::<2>()?;
        let (salt, rest) = rest.split_first_chunk::<SALT_LEN>()?;
        let (memory_kib, rest) = number(rest)?;
        let (passes, rest) = number(rest)?;
        let (lanes, commitment) = number(rest)?;
        if *version != FORMAT_VERSION || *check != check_of(checked) {
            return None;
        }
        let given = Stretching { memory_kib, passes, lanes };
        let stretching = match (kind, memory_kib, passes, lanes) {
            (1, 0, 0, 0) => None,
            (2, ..) if given.is_bounded() => Some(given),
            _ => return None,
        };
        Some(Self { stretching, salt: *salt, commitment: commitment.try_into().ok()? })
    }

    fn key_of(&self, given: Given) -> Option<SecretKey> {
        match (given, self.stretching) {
            (Given::Key(key), None) => Some(key),
            (Given::Passphrase(phrase), Some(stretching)) => stretching.stretch(&phrase, &self.salt),
            _ => None,
        }
    }

    fn commitment_of(&self, key: &SecretKey) -> [u8; COMMITMENT_LEN] {
        key.commitment(&self.salt, &[COMMITMENT_PURPOSE, &self.bound()])
    }

    /// What the commitment is bound to: everything before it.
    fn bound(&self) -> [u8; BOUND_LEN] {
        let (kind, stretching) = match self.stretching {
            None => (1, Stretching { memory_kib: 0, passes: 0, lanes: 0 }),
            Some(stretching) => (2, stretching),
        };
        let mut bytes = [0; BOUND_LEN];
        bytes[..2].copy_from_slice(&[FORMAT_VERSION, kind]);
        bytes[2..34].copy_from_slice(&self.salt);
        bytes[34..38].copy_from_slice(&stretching.memory_kib.to_be_bytes());
        bytes[38..42].copy_from_slice(&stretching.passes.to_be_bytes());
        bytes[42..].copy_from_slice(&stretching.lanes.to_be_bytes());
        bytes
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

fn check_of(checked: &[u8]) -> [u8; CHECK_LEN] {
    let digest = sha256(&[CHECK_PURPOSE, checked].concat());
    *digest.first_chunk().expect("a digest is longer than the check")
}

#[cfg(test)]
mod tests {
    use super::{Given, LEN, Seal, Stretching};
    use crypto::SecretKey;
    use env::{Env, SeededRandom};
    use std::sync::Arc;
    use zeroize::Zeroizing;

    fn env() -> Env {
        Env { random: Arc::new(SeededRandom::new(1)), ..Env::real() }
    }

    fn key(byte: u8) -> Given {
        Given::Key(SecretKey::take(&mut [byte; 32]))
    }

    fn phrase(text: &str) -> Given {
        Given::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))
    }

    /// Made by the first version; they must open for ever.
    const KEY_FIXTURE: &str = include_str!("../../fixtures/seal-key-1.hex");
    const PASSPHRASE_FIXTURE: &str = include_str!("../../fixtures/seal-passphrase-1.hex");

    #[test]
    fn the_first_seals_ever_made_open() {
        let seal = |fixture: &str| Seal::decode(&hex::decode(fixture.trim()).unwrap()).unwrap();
        assert!(seal(KEY_FIXTURE).open(key(7)).is_some());
        assert!(seal(PASSPHRASE_FIXTURE).open(phrase("correct horse")).is_some());
        assert_eq!(hex::encode(Seal::make(&env(), key(7)).0.encode()), KEY_FIXTURE.trim());
        assert_eq!(
            hex::encode(Seal::make(&env(), phrase("correct horse")).0.encode()),
            PASSPHRASE_FIXTURE.trim()
        );
    }

    #[test]
    fn a_seal_opens_with_its_key_only() {
        let (seal, _) = Seal::make(&env(), key(7));
        assert!(seal.open(key(7)).is_some());
        assert!(seal.open(key(8)).is_none());
        assert!(seal.open(phrase("correct horse")).is_none());
    }

    #[test]
    fn a_passphrase_is_exact() {
        let (seal, made) = Seal::make(&env(), phrase("correct horse"));
        let opened = seal.open(phrase("correct horse")).unwrap();
        assert_eq!(opened.expose(), made.expose());
        assert!(seal.open(phrase("Correct horse")).is_none());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let bytes = Seal::make(&env(), key(7)).0.encode();
        assert_eq!(bytes.len(), LEN);
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Seal::decode(&damaged).is_none(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(Seal::decode(&bytes[..len]).is_none());
        }
    }

    #[test]
    fn a_seal_cannot_ask_for_all_memory_or_all_day() {
        let asks = |memory_kib, passes, lanes| {
            let stretching = Some(Stretching { memory_kib, passes, lanes });
            let seal = Seal { stretching, salt: [0; 32], commitment: [0; 32] };
            Seal::decode(&seal.encode()).is_some()
        };
        assert!(asks(64 << 10, 3, 1));
        for (memory_kib, passes, lanes) in [
            (u32::MAX, 3, 1),
            (8, 3, 1),
            (64 << 10, u32::MAX, 1),
            (64 << 10, 0, 1),
            (64 << 10, 3, 0),
            (64 << 10, 3, 99),
        ] {
            assert!(!asks(memory_kib, passes, lanes));
        }
    }
}
