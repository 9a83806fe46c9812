//! Keys in a configuration: inline or in a file. Nothing here tells what they are, not even where they are wrong.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A key's bytes, inline or in a file.
#[derive(Clone)]
pub enum KeySource {
    /// Standard base64.
    Base64(String),
    /// Hexadecimal.
    Hex(String),
    /// PEM.
    Pem(String),
    /// A file: PEM where it begins like one, else the raw bytes.
    File(PathBuf),
}

const FORMS: &[&str] = &["base64", "hex", "pem", "file"];

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource(..)")
    }
}

impl<'de> Deserialize<'de> for KeySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

/// Reads a key, and repeats none in an error.
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = KeySource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ base64 = \"...\" }, { hex = \"...\" }, { pem = \"...\" } or { file = \"...\" }")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(E::custom(format_args!("a bare string is no key: write {}", &self as &dyn serde::de::Expected)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let wrong = || A::Error::invalid_length(0, &self);
        let form: String = map.next_key()?.ok_or_else(wrong)?;
        let text: String = map.next_value()?;
        let source = match form.as_str() {
            "base64" => KeySource::Base64(text),
            "hex" => KeySource::Hex(text),
            "pem" => KeySource::Pem(text),
            "file" => KeySource::File(text.into()),
            _ => return Err(A::Error::unknown_variant(&form, FORMS)),
        };
        match map.next_key::<String>()? {
            None => Ok(source),
            Some(_) => Err(A::Error::custom("a key has one form, and this has several")),
        }
    }
}

impl KeySource {
    /// The bytes; files are relative to `folder`.
    pub(super) fn bytes(&self, folder: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
        match self {
            Self::Base64(text) => decoded(BASE64_STANDARD.decode(text.trim()).ok(), "base64"),
            Self::Hex(text) => decoded(from_hex(text.trim()), "hexadecimal"),
            Self::Pem(text) => decoded(from_pem(text.as_bytes()), "PEM"),
            Self::File(file) => from_file(&folder.join(file)),
        }
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    #[allow(clippy::disallowed_methods, reason = "the library stands beside the house and its disk")]
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let bytes = Zeroizing::new(bytes);
    if bytes.starts_with(b"-----BEGIN") { decoded(from_pem(&bytes), "PEM") } else { Ok(bytes) }
}

fn decoded(bytes: Option<Vec<u8>>, form: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    bytes.map(Zeroizing::new).ok_or_else(|| format!("the key is not valid {form}"))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn from_pem(bytes: &[u8]) -> Option<Vec<u8>> {
    pem::parse(bytes).ok().map(pem::Pem::into_contents)
}
