//! The descriptor of a checkpoint. What it says of keys, versions and entries only its receiver can read; which files
//! there must be, and how long, anyone may know who sees the folder, so that they can be checked without a key.

use std::io;
use std::path::Path;

use crypto::{SecretKey, sha256};
use env::Disk;
use env::disk::read_file;

use crate::local::header::{FileHeader, FileKind, HEADER_LEN};
use crate::local::manifest::{self, FileRecord, Manifest, Owner, WrappedDek};
use crate::local::reader::{BadBytes, Reader, u32_of};
use crate::local::seconds::Seconds;
use crate::{CheckpointId, CheckpointInfo, EngineError, Result, Version};

/// The name of its file.
pub const NAME: &str = "descriptor";
/// No descriptor is longer, and none is read that is.
const MAX_LEN: u64 = 64 << 20;

/// What a descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Every commit up to this sequence number is in the files, and none behind it.
    pub version: u64,
    /// When it was taken, in seconds since 1970.
    pub second: u64,
    /// When the sequence numbers from the floor of the image to `version` were given.
    pub seconds: Seconds,
    /// Keys and files, as in the manifest of the keyspace at that moment.
    pub image: Manifest,
}

/// A sorted file of a checkpoint, as everybody may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The file begins with exactly this.
    pub header: FileHeader,
    /// In bytes.
    pub len: u64,
    /// As in its [`FileRecord`].
    pub digest: [u8; 32],
}

const LISTED_LEN: usize = HEADER_LEN + 8 + 32;

impl Listed {
    fn of(file: &FileRecord) -> Self {
        Self { header: file.header.clone(), len: file.len, digest: file.digest }
    }

    fn decode(reader: &mut Reader<'_>) -> std::result::Result<Self, BadBytes> {
        let header = FileHeader::decode(reader.bytes(HEADER_LEN)?)?;
        Ok(Self { header, len: reader.u64()?, digest: reader.array()? })
    }
}

/// A descriptor's file. Nothing in it is believed yet.
pub struct DescriptorFile {
    /// Its sorted files.
    pub files: Vec<Listed>,
    /// Where the list of them ends.
    pub body_at: usize,
    /// In bytes.
    pub len: usize,
    name: String,
    checkpoint: CheckpointId,
    header: FileHeader,
    body: Vec<u8>,
    digest: [u8; 32],
}

impl DescriptorFile {
    /// Reads the descriptor of a checkpoint in its folder.
    pub fn read(disk: &dyn Disk, folder: &Path, checkpoint: CheckpointId) -> Result<Self> {
        let name = format!("checkpoints/{checkpoint}/{NAME}");
        let damaged = |place: &str| EngineError::damaged(&name, place);
        let bytes = read_file(disk, &folder.join(NAME), MAX_LEN).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => damaged("the file is missing"),
            _ => EngineError::io(format!("reading {name}"), source),
        })?;
        let header = FileHeader::decode(&bytes).map_err(|_| damaged("header"))?;
        if header.kind != FileKind::Checkpoint || header.file_id != checkpoint.0 {
            return Err(damaged("header: it is another file's"));
        }
        let behind = bytes.get(HEADER_LEN..).unwrap_or_default();
        let (files, body) = decode_list(behind).map_err(|_| damaged("files"))?;
        let (len, digest, body) = (bytes.len(), sha256(&bytes), body.to_vec());
        Ok(Self { files, body_at: len - body.len(), len, name, checkpoint, header, body, digest })
    }

    /// Whether it is the one with this digest.
    pub fn is(&self, digest: &[u8; 32]) -> bool {
        self.digest == *digest
    }

    /// What it says to its receiver; where a digest is at hand, only if it is the one with that.
    pub fn open(&self, receiver: &SecretKey, digest: Option<&[u8; 32]>) -> Result<Descriptor> {
        let damaged = |place: &str| EngineError::damaged(&self.name, place);
        let same = digest.is_none_or(|digest| self.is(digest));
        let another = || damaged("it is not the descriptor that was written");
        let cipher = self.header.cipher(receiver).map_err(|_| match same {
            true => EngineError::WrongKey(format!("checkpoint {}", self.checkpoint)),
            false => another(),
        })?;
        let opened = cipher.decrypt_body(&self.body).map_err(BadBytes::from);
        let descriptor = opened.and_then(|body| decode(&body)).map_err(|_| damaged("body"))?;
        if !descriptor.image.files.iter().map(Listed::of).eq(self.files.iter().cloned()) {
            return Err(damaged("files"));
        }
        if same { Ok(descriptor) } else { Err(another()) }
    }
}

impl Descriptor {
    /// What callers are told of it.
    pub fn info(&self) -> CheckpointInfo {
        let sum = |of: fn(&FileRecord) -> u64| self.image.files.iter().map(of).sum::<u64>();
        CheckpointInfo {
            version: Version(self.version),
            oldest: Version(self.image.floor),
            second: self.second,
            entries: sum(|file| file.puts).saturating_sub(sum(|file| file.removals)),
            value_bytes: sum(|file| file.value_bytes),
            disk_bytes: sum(|file| file.len),
        }
    }
}

impl Descriptor {
    /// Its data encryption keys by epoch, oldest first.
    pub fn unwrap_deks(
        &self,
        checkpoint: CheckpointId,
        receiver: &SecretKey,
    ) -> Result<Vec<(u32, SecretKey)>> {
        let name = format!("checkpoints/{checkpoint}/{NAME}");
        let unwrap = |dek: &WrappedDek| {
            let key = dek.unwrap(Owner::Checkpoint(checkpoint), receiver);
            Ok((dek.epoch, key.map_err(|_| EngineError::damaged(&name, "data encryption key"))?))
        };
        self.image.deks.iter().map(unwrap).collect()
    }
}

/// The bytes of a descriptor's file.
pub fn encode_file(
    header: &FileHeader,
    receiver: &SecretKey,
    descriptor: &Descriptor,
) -> std::result::Result<Vec<u8>, BadBytes> {
    Ok(header.with_body(receiver, &encode_list(&descriptor.image.files), &[&encode(descriptor)])?)
}

fn encode_list(files: &[FileRecord]) -> Vec<u8> {
    let mut out = u32_of(files.len()).to_le_bytes().to_vec();
    for file in files {
        out.extend_from_slice(&file.header.encode());
        out.extend_from_slice(&file.len.to_le_bytes());
        out.extend_from_slice(&file.digest);
    }
    out
}

/// Reads the list of files that bytes begin with; returns what is behind it as well.
pub fn decode_list(bytes: &[u8]) -> std::result::Result<(Vec<Listed>, &[u8]), BadBytes> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(LISTED_LEN)?;
    let files = (0..count).map(|_| Listed::decode(&mut reader)).collect::<std::result::Result<_, _>>()?;
    Ok((files, reader.rest()))
}

fn encode(descriptor: &Descriptor) -> Vec<u8> {
    let mut out = [descriptor.version.to_le_bytes(), descriptor.second.to_le_bytes()].concat();
    descriptor.seconds.encode(&mut out);
    out.extend_from_slice(&manifest::encode(&descriptor.image));
    out
}

/// Reads the plaintext of a descriptor's body.
pub fn decode(body: &[u8]) -> std::result::Result<Descriptor, BadBytes> {
    let mut reader = Reader::new(body);
    let (version, second) = (reader.u64()?, reader.u64()?);
    let seconds = Seconds::decode(&mut reader)?;
    let image = manifest::decode(reader.rest())?;
    Ok(Descriptor { version, second, seconds, image })
}

#[cfg(test)]
mod tests {
    use super::{Descriptor, decode, encode};
    use crate::local::manifest::Manifest;
    use crate::local::seconds::Seconds;

    #[test]
    fn it_reads_as_written_and_no_cut_of_it_does() {
        let mut seconds = Seconds::default();
        for n in 0..5 {
            seconds.note(1_000_000 + 7 * n, 3 * n + 1);
        }
        let image = Manifest { floor: 3, ..Manifest::default() };
        let descriptor = Descriptor { version: 13, second: 1_000_030, seconds, image };
        let body = encode(&descriptor);
        assert_eq!(decode(&body), Ok(descriptor));
        (0..body.len()).for_each(|len| assert!(decode(&body[..len]).is_err(), "{len}"));
    }
}
