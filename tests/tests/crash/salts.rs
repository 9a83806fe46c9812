//! No key meets one nonce twice.
//!
//! Every file of the engine begins with a header in clear (`docs/formats/`), whose salt is in the key of all
//! that the file holds; the nonce is a position in the file. A nonce is used twice under one key if, and only
//! if, two files with the same salt differ. So between two kills: a salt that was seen belongs to the same
//! file with the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"STRGROOM";
const SALT: std::ops::Range<usize> = 64..96;

/// The salts of all files seen so far.
#[derive(Default)]
pub struct Salts {
    seen: BTreeMap<Vec<u8>, Seen>,
}

struct Seen {
    path: PathBuf,
    content: Vec<u8>,
}

impl Salts {
    /// Reads the headers of all files of a server that does not run.
    pub fn look_at(&mut self, data_dir: &Path) {
        let mut present = BTreeMap::new();
        for path in tests::folder::files(data_dir).unwrap() {
            let content = fs::read(&path).unwrap();
            // A file whose header a crash left unwritten was never used.
            if content.len() < SALT.end || !content.starts_with(MAGIC) {
                continue;
            }
            let salt = content[SALT].to_vec();
            if let Some(twin) = present.insert(salt.clone(), path.clone()) {
                // The same file under two names, linked or about to be renamed.
                assert_eq!(
                    fs::read(&twin).unwrap(),
                    content,
                    "{} and {} share a salt",
                    twin.display(),
                    path.display()
                );
            }
            self.compare(salt, path, content);
        }
        // What is gone cannot change any more; its salt must not come back.
        for (salt, seen) in &mut self.seen {
            if !present.contains_key(salt) {
                seen.content = Vec::new();
            }
        }
    }

    /// How many files had keys of their own.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    fn compare(&mut self, salt: Vec<u8>, path: PathBuf, content: Vec<u8>) {
        if let Some(seen) = self.seen.get(&salt) {
            let same = same_use(&seen.content, &content);
            assert!(same, "{} was written again with the salt of {}", path.display(), seen.path.display());
        }
        self.seen.insert(salt, Seen { path, content });
    }
}

/// Whether the later content holds nothing at a place where the earlier held something else: it may have been
/// cut, or its unused rest of zeros may have another length.
fn same_use(earlier: &[u8], later: &[u8]) -> bool {
    let shared = earlier.len().min(later.len());
    earlier[..shared] == later[..shared] && later[shared..].iter().all(|&byte| byte == 0)
}
