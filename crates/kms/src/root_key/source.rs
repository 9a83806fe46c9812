//! Where the root key comes from, and the ways it may be written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crypto::{KEY_LEN, SecretKey};
use env::Env;
use zeroize::Zeroizing;

use super::seal::Kind;
use super::{RootKeyError, during};

const MAX_FILE_LEN: u64 = 4096;

/// Where to take the root key from.
pub enum RootKeySource {
    /// A file of the operator's: 64 hexadecimal digits, base64, or 32 raw bytes.
    KeyFile(PathBuf),
    /// The key as text: 64 hexadecimal digits or base64.
    KeyText(Zeroizing<String>),
    /// A passphrase.
    Passphrase(Zeroizing<Vec<u8>>),
    /// A file that holds a passphrase; a line break at its end does not belong to it.
    PassphraseFile(PathBuf),
    /// No choice: a key file beside the data directory, made at the first start.
    Beside,
}

/// A root key as it was given.
pub(super) enum Given {
    /// The key itself.
    Key(SecretKey),
    /// What the key is stretched from.
    Passphrase(Zeroizing<Vec<u8>>),
}

impl Given {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Key(_) => Kind::Key,
            Self::Passphrase(_) => Kind::Passphrase,
        }
    }
}

impl RootKeySource {
    /// The key file beside `data_dir`, where that is the source.
    pub(super) fn key_file_beside(
        &self,
        data_dir: &Path,
        kind: Kind,
    ) -> Result<Option<PathBuf>, RootKeyError> {
        match (self, kind) {
            (Self::Beside, Kind::Key) => Ok(Some(beside(data_dir)?)),
            (Self::Beside, Kind::Passphrase) => Err(RootKeyError::PassphraseNeeded(data_dir.into())),
            _ => Ok(None),
        }
    }

    /// Reads what is given for `data_dir`.
    pub(super) fn read(&self, env: &Env, data_dir: &Path) -> Result<Given, RootKeyError> {
        match self {
            Self::KeyFile(path) => key_file(env, path),
            Self::KeyText(text) => key_text(text.trim()).ok_or_else(|| malformed("the value given")),
            Self::Passphrase(phrase) => passphrase(phrase),
            Self::PassphraseFile(path) => passphrase(without_line_break(&file(env, path)?)),
            Self::Beside => key_file(env, &beside(data_dir)?),
        }
    }
}

/// `<data-dir>.root-key`
fn beside(data_dir: &Path) -> Result<PathBuf, RootKeyError> {
    let name = data_dir.file_name().ok_or_else(|| RootKeyError::NoPlaceBeside(data_dir.into()))?;
    let mut name = OsString::from(name);
    name.push(".root-key");
    Ok(data_dir.with_file_name(name))
}

fn key_file(env: &Env, path: &Path) -> Result<Given, RootKeyError> {
    let mut bytes = file(env, path)?;
    if let Ok(raw) = <&mut [u8; KEY_LEN]>::try_from(bytes.as_mut_slice()) {
        return Ok(Given::Key(SecretKey::take(raw)));
    }
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| key_text(text.trim()));
    text.ok_or_else(|| malformed(&path.display().to_string()))
}

fn key_text(text: &str) -> Option<Given> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    if hex::decode_to_slice(text, bytes.as_mut_slice()).is_ok() {
        return Some(Given::Key(SecretKey::take(&mut bytes)));
    }
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(text).ok()?);
    bytes.copy_from_slice(decoded.get(..).filter(|decoded| decoded.len() == KEY_LEN)?);
    Some(Given::Key(SecretKey::take(&mut bytes)))
}

fn passphrase(phrase: &[u8]) -> Result<Given, RootKeyError> {
    match phrase.is_empty() {
        true => Err(RootKeyError::EmptyPassphrase),
        false => Ok(Given::Passphrase(Zeroizing::new(phrase.to_vec()))),
    }
}

fn without_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn file(env: &Env, path: &Path) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
    let bytes = env::disk::read_file(&*env.disk, path, MAX_FILE_LEN).map_err(during("read", path))?;
    Ok(Zeroizing::new(bytes))
}

fn malformed(what: &str) -> RootKeyError {
    RootKeyError::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Given, beside, key_text, without_line_break};
    use std::path::Path;

    #[test]
    fn a_key_is_read_as_hex_and_as_base64() {
        let key = |text: &str| match key_text(text) {
            Some(Given::Key(key)) => Some(*key.expose()),
            _ => None,
        };
        assert_eq!(key(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(key("CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo="), Some([10; 32]));
        for malformed in ["", "0a", "CgoKCg==", &"0a".repeat(33), "not a key"] {
            assert_eq!(key(malformed), None);
        }
    }

    #[test]
    fn the_key_file_lies_beside_the_data_directory() {
        for (data_dir, file) in
            [("a/data", "a/data.root-key"), ("data/", "data.root-key"), ("d.x", "d.x.root-key")]
        {
            assert_eq!(beside(Path::new(data_dir)).unwrap(), Path::new(file));
        }
        assert!(beside(Path::new("/")).is_err());
        assert!(beside(Path::new("..")).is_err());
    }

    #[test]
    fn only_a_line_break_at_the_end_is_left_out() {
        assert_eq!(without_line_break(b" a\n b \r\n"), b" a\n b ");
        assert_eq!(without_line_break(b"a"), b"a");
    }
}
