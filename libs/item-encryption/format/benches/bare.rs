//! The cipher calls that an item needs, and nothing else: no values, no maps, no memory asked for.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyCompressedBin};
use aws_lc_rs::hkdf::{self, HKDF_SHA512, KeyType, Salt};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use aws_lc_rs::{digest, hmac, iv, rand};
use item_encryption_format::dbesdk::{FOOTER, HEADER, SealedItem};
use item_encryption_format::{AttributeValue, Suite, TableConfig, Value, View};

use crate::sample::ENCRYPTED;

type Item = HashMap<String, Value>;

const TAG: usize = 16;
/// Bytes of key stream for a field's key and nonce: three blocks.
const FIELD_KEY: usize = 48;

/// Buffers of the lengths that an encrypted item has, and the keys they are under.
pub struct Bare {
    header: Vec<u8>,
    bound: Vec<u8>,
    record: Vec<u8>,
    path: Vec<u8>,
    wrapping: [u8; 32],
    intermediate: [u8; 32],
    data_key: [u8; 32],
    message_id: [u8; 32],
    nonce: [u8; 12],
    wrapped: [[u8; 32 + TAG]; 2],
    fields: Vec<Vec<u8>>,
    scratch: Vec<u8>,
    signature: Option<(Vec<u8>, Vec<u8>)>,
    extracts_once: bool,
}

impl Bare {
    /// Of a stored item.
    pub fn of(stored: &Item, table: &TableConfig, suite: Suite) -> Self {
        let Some(View::B(header)) = stored.get(HEADER).map(AttributeValue::view) else { panic!("encrypted") };
        let name = &table.logical_table_name;
        let sealed = SealedItem::read(stored.clone(), name, table).expect("the header reads");
        let path = |attribute: &str| name.len() + attribute.len() + 17;
        let signed = stored.iter().filter(|(name, _)| *name != HEADER && *name != FOOTER);
        let record: usize = signed.map(|(name, value)| path(name) + 8 + 9 + 2 + len(&value.view())).sum();
        let mut bare = Self {
            header: header.to_vec(),
            bound: sealed.bound().to_vec(),
            record: vec![1; record],
            path: vec![1; path("attribute0")],
            wrapping: [7; 32],
            intermediate: [0; 32],
            data_key: [0; 32],
            message_id: [0; 32],
            nonce: [0; 12],
            wrapped: [[0; 32 + TAG]; 2],
            fields: ENCRYPTED.iter().map(|len| vec![b'x'; len + TAG]).collect(),
            scratch: vec![0; 512],
            signature: (suite == Suite::Ecdsa).then(Default::default),
            extracts_once: false,
        };
        bare.encrypt();
        bare
    }

    /// The same with keys derived as ours are: HKDF's first half once for each secret. The library's own HKDF
    /// does it again for every key.
    #[allow(dead_code, reason = "not every bench asks for it")]
    pub fn extracting_once(self) -> Self {
        Self { extracts_once: true, ..self }
    }

    /// What writing an item needs.
    pub fn encrypt(&mut self) {
        let signing = self.signature.is_some().then(|| {
            let key = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).expect("a key is made");
            let point: EcPublicKeyCompressedBin = key.public_key().as_be_bytes().expect("it has a point");
            (key, point.as_ref().to_vec())
        });
        (self.data_key, self.message_id) = (random(), random());
        let drawn: [u8; 44] = random();
        self.intermediate.copy_from_slice(&drawn[..32]);
        self.nonce.copy_from_slice(&drawn[32..]);
        let intermediate = self.prk(&self.intermediate);
        let (wrapping, mac) = (expand(&intermediate, b"ENC"), expand(&intermediate, b"MAC"));
        let keys = [(self.wrapping, self.nonce, self.intermediate), (wrapping, [0; 12], self.data_key)];
        for ((key, nonce, plain), wrapped) in keys.into_iter().zip(&mut self.wrapped) {
            wrapped[..32].copy_from_slice(&plain);
            seal(&key, nonce, &self.bound, wrapped);
        }
        let stream = self.committed();
        for (field, keys) in self.fields.iter_mut().zip(stream.chunks(FIELD_KEY)) {
            let (key, nonce) = field_key(keys);
            seal(key, nonce, &self.path, field);
        }
        let digest = self.authenticated(&mac);
        if let Some((key, point)) = signing {
            let signature = key.sign(&SystemRandom::new(), digest.as_ref()).expect("it signs");
            self.signature = Some((point, signature.as_ref().to_vec()));
        }
    }

    /// What reading the same item needs.
    pub fn decrypt(&mut self) {
        let mut wrapped = self.wrapped;
        open(&self.wrapping, self.nonce, &self.bound, &mut wrapped[0]);
        let intermediate = self.prk(&wrapped[0][..32]);
        let (wrapping, mac) = (expand(&intermediate, b"ENC"), expand(&intermediate, b"MAC"));
        open(&wrapping, [0; 12], &self.bound, &mut wrapped[1]);
        let stream = self.committed();
        let digest = self.authenticated(&mac);
        if let Some((point, signature)) = &self.signature {
            let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point);
            key.verify(digest.as_ref(), signature).expect("it verifies");
        }
        for (field, keys) in self.fields.iter().zip(stream.chunks(FIELD_KEY)) {
            let (key, nonce) = field_key(keys);
            let scratch = &mut self.scratch[..field.len()];
            scratch.copy_from_slice(field);
            open(key, nonce, &self.path, scratch);
        }
    }

    /// The commitment, and the key stream that field keys come from.
    fn committed(&self) -> [u8; ENCRYPTED.len() * FIELD_KEY] {
        let prk = self.prk(&self.data_key);
        let commit = expand(&prk, &self.message_id);
        black_box(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &commit), &self.header));
        let root = UnboundCipherKey::new(&AES_256, &expand(&prk, &self.message_id)).expect("a key");
        let (mut stream, counter) = ([0; ENCRYPTED.len() * FIELD_KEY], iv::FixedLength::from([0; 16]));
        let root = EncryptingKey::ctr(root).expect("a cipher");
        root.less_safe_encrypt(&mut stream, EncryptionContext::Iv128(counter)).expect("it encrypts");
        stream
    }

    fn prk(&self, secret: &[u8]) -> Prk {
        if self.extracts_once {
            Prk::Once(hmac::Key::new(hmac::HMAC_SHA512, hmac::sign(&NO_SALT, secret).as_ref()))
        } else {
            Prk::Library(Salt::new(HKDF_SHA512, &[]).extract(secret))
        }
    }

    fn authenticated(&self, mac: &[u8]) -> digest::Digest {
        let mut digest = digest::Context::new(&digest::SHA384);
        for part in [&self.header, &self.bound, &self.record] {
            digest.update(part);
        }
        let digest = digest.finish();
        black_box(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA384, mac), digest.as_ref()));
        digest
    }
}

fn len(view: &View<'_, Value>) -> usize {
    match view {
        View::S(text) | View::N(text) => text.len(),
        View::B(bytes) => bytes.len() - 2,
        _ => panic!("the sample has no others"),
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("random bytes");
    bytes
}

/// A secret of which keys are derived.
#[allow(clippy::large_enum_variant, reason = "a box would ask for memory")]
enum Prk {
    Library(hkdf::Prk),
    Once(hmac::Key),
}

static NO_SALT: LazyLock<hmac::Key> = LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA512, &[0; 64]));

struct Len32;

impl KeyType for Len32 {
    fn len(&self) -> usize {
        32
    }
}

fn expand(prk: &Prk, info: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    match prk {
        Prk::Library(prk) => {
            prk.expand(&[info], Len32).and_then(|okm| okm.fill(&mut bytes)).expect("32 bytes");
        }
        Prk::Once(key) => {
            let mut message = [1; 33];
            message[..32.min(info.len())].copy_from_slice(info);
            let tag = hmac::sign(key, &message[..=info.len()]);
            bytes.copy_from_slice(&tag.as_ref()[..32]);
        }
    }
    bytes
}

fn gcm(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes"))
}

/// Encrypts all but the last 16 bytes, which become the tag.
fn seal(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], bytes: &mut [u8]) {
    let (plain, tag) = bytes.split_at_mut(bytes.len() - TAG);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let made = gcm(key).seal_in_place_separate_tag(nonce, Aad::from(aad), plain).expect("it seals");
    tag.copy_from_slice(made.as_ref());
}

fn open(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], bytes: &mut [u8]) {
    let nonce = Nonce::assume_unique_for_key(nonce);
    gcm(key).open_in_place(nonce, Aad::from(aad), bytes).expect("it opens");
}

fn field_key(keys: &[u8]) -> (&[u8; 32], [u8; 12]) {
    let (key, rest) = keys.split_first_chunk().expect("32 bytes");
    (key, *rest.first_chunk().expect("12 bytes"))
}
