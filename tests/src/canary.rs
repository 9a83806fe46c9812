//! Words that a user puts into a table and that must not be found in any file.
//!
//! A canary is searched for as it is, in UTF-16 of both byte orders, in hexadecimal of both cases, and in
//! base64 at each of the three alignments at which it can stand within longer text. Names of files are
//! searched as well as their content.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use crate::folder;

/// A word and all the shapes in which it would betray itself.
pub struct Canary {
    /// What it was used for.
    pub name: String,
    shapes: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// A canary of these bytes; text and numbers are their UTF-8.
    #[must_use]
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let mut shapes = vec![
            ("plain", bytes.to_vec()),
            ("UTF-16LE", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
            ("UTF-16BE", bytes.iter().flat_map(|byte| [0, *byte]).collect()),
            ("hex", hex::encode(bytes).into_bytes()),
            ("HEX", hex::encode_upper(bytes).into_bytes()),
        ];
        for alignment in 0..3 {
            shapes.push(("base64", core_of_base64(&BASE64_STANDARD_NO_PAD, bytes, alignment)));
            shapes.push(("base64url", core_of_base64(&BASE64_URL_SAFE_NO_PAD, bytes, alignment)));
        }
        Self { name: name.to_owned(), shapes }
    }
}

/// The letters that `bytes` become in base64 wherever they stand at this alignment: those that do not depend
/// on what stands before and after.
fn core_of_base64(alphabet: &impl Engine, bytes: &[u8], alignment: usize) -> Vec<u8> {
    let mut shifted = vec![0; alignment];
    shifted.extend_from_slice(bytes);
    let letters = alphabet.encode(&shifted).into_bytes();
    let first = (alignment * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    letters[first..last].to_vec()
}

/// Where a canary was found.
#[derive(Debug)]
pub struct Sighting {
    /// The file.
    pub file: PathBuf,
    /// The canary's name and its shape.
    pub what: String,
    /// The offset; `None` in the file's name.
    pub offset: Option<usize>,
}

/// Searches the names and every byte of every file below `folder`; tells the first sighting in each.
///
/// # Errors
/// Whatever the file system says.
pub fn search(folder: &Path, canaries: &[Canary]) -> io::Result<Vec<Sighting>> {
    let shapes = || canaries.iter().flat_map(|canary| canary.shapes.iter().map(move |shape| (canary, shape)));
    let finder = AhoCorasick::new(shapes().map(|(_, (_, bytes))| bytes)).map_err(io::Error::other)?;
    let what: Vec<String> =
        shapes().map(|(canary, (shape, _))| format!("{} ({shape})", canary.name)).collect();
    let mut sightings = Vec::new();
    for file in folder::files(folder)? {
        let mut tell = |found: aho_corasick::Match, offset| {
            sightings.push(Sighting {
                file: file.clone(),
                what: what[found.pattern().as_usize()].clone(),
                offset,
            });
        };
        if let Some(found) = finder.find(file.to_string_lossy().as_bytes()) {
            tell(found, None);
        }
        // A file may be merged into another meanwhile, or renamed; what was in it is looked for at the next stage.
        let content = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            content => content?,
        };
        if let Some(found) = finder.find(&content) {
            tell(found, Some(found.start()));
        }
    }
    Ok(sightings)
}

#[cfg(test)]
mod tests {
    use super::{Canary, search};
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    const WORD: &[u8] = b"canary-4711-in-a-coal-mine";

    fn sightings_in(content: &[u8]) -> usize {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/file"), content).unwrap();
        search(folder.path(), &[Canary::new("word", WORD)]).unwrap().len()
    }

    #[test]
    fn a_canary_is_found_in_every_shape() {
        let text = std::str::from_utf8(WORD).unwrap();
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(sightings_in(&[b"..", WORD, b".."].concat()), 1);
        assert_eq!(sightings_in(&utf16), 1);
        assert_eq!(sightings_in(hex::encode(WORD).as_bytes()), 1);
        for before in ["", "x", "xy", "xyz"] {
            let encoded = BASE64_STANDARD.encode(format!("{before}{text}and more"));
            assert!(sightings_in(encoded.as_bytes()) > 0, "{before}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(sightings_in(b"canary-4712-in-a-coal-mine"), 0);
        assert_eq!(sightings_in(&[0; 4096]), 0);
    }
}
