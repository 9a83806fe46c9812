//! Writing a sorted file.

use std::io;
use std::path::{Path, PathBuf};

use crypto::SecretKey;
use env::{DiskFile, Env};

use super::block::BlockBuilder;
use super::digest::TagDigest;
use super::filter;
use super::layout::{BlockHandle, Footer, Piece, Properties, Run};
use crate::local::compression::{Compression, Compressor};
use crate::local::header::{FileCipher, FileHeader, FileKind};
use crate::local::manifest::FileRecord;
use crate::local::reader::{u32_of, u64_of};
use crate::local::wiped::wiped;
use crate::{EngineError, KeyspaceId, Result};

const INDEX_LEN: usize = 8 << 10;
const WRITE_LEN: usize = 1 << 20;

/// How a file is written.
pub struct Form {
    /// Data blocks, before encryption, about.
    pub block_len: usize,
    /// Of data blocks.
    pub compression: Compression,
    /// Told of bytes written; may wait.
    pub pace: Box<dyn Fn(usize) + Send>,
}

/// A sorted file in the making. Entries come in order; what is not finished is removed.
pub struct SortedFileWriter {
    env: Env,
    path: PathBuf,
    out: Out,
    block_len: usize,
    data: BlockBuilder,
    index: BlockBuilder,
    top: BlockBuilder,
    hashes: Vec<u64>,
    last: Option<(Vec<u8>, u64)>,
    properties: Properties,
    finished: bool,
}

impl SortedFileWriter {
    /// A new file of `keyspace` in `folder`, under a key derived from the data encryption key of `epoch`.
    pub fn create(
        env: &Env,
        folder: &Path,
        keyspace: KeyspaceId,
        (epoch, dek): (u32, &SecretKey),
        Form { block_len, compression, pace }: Form,
    ) -> Result<Self> {
        let mut header = FileHeader::new(FileKind::SortedFile, keyspace, dek, &*env.random);
        header.epoch = epoch;
        let cipher = header.cipher(dek).map_err(|_| EngineError::WrongKey("a new file".to_owned()))?;
        let path = folder.join(file_name(&header));
        let file =
            env.disk.create(&path).map_err(|source| EngineError::io("creating a sorted file", source))?;
        let buffer = header.encode().to_vec();
        let digest = TagDigest::new(&header);
        let out = Out {
            file,
            header,
            cipher,
            buffer,
            written: 0,
            digest,
            compressor: Compressor::new(compression),
            pace,
        };
        Ok(Self {
            env: env.clone(),
            path,
            out,
            block_len,
            data: BlockBuilder::of_entries(),
            index: BlockBuilder::of_index(),
            top: BlockBuilder::of_index(),
            hashes: Vec::new(),
            last: None,
            properties: Properties { first_sequence: u64::MAX, ..Properties::default() },
            finished: false,
        })
    }

    /// Adds the next entry.
    pub fn add(&mut self, user_key: &[u8], version: u64, value: Option<&[u8]>) -> Result<()> {
        self.count(user_key, version, value);
        self.data.add(user_key, version, value);
        if self.data.len() >= self.block_len { self.end_data_block() } else { Ok(()) }
    }

    /// The user key added last.
    pub fn last_key(&self) -> Option<&[u8]> {
        self.last.as_ref().map(|(user_key, _)| &user_key[..])
    }

    /// Bytes of the file so far, about.
    pub fn len(&self) -> u64 {
        self.out.written + u64_of(self.out.buffer.len() + self.data.len())
    }

    fn count(&mut self, user_key: &[u8], version: u64, value: Option<&[u8]>) {
        let properties = &mut self.properties;
        match value {
            Some(value) => {
                properties.puts += 1;
                properties.value_bytes += u64_of(value.len());
            }
            None => properties.removals += 1,
        }
        properties.first_sequence = properties.first_sequence.min(version);
        properties.last_sequence = properties.last_sequence.max(version);
        match &mut self.last {
            None => {
                properties.first_key = user_key.to_vec();
                self.hashes.push(filter::hash(user_key));
                self.last = Some((user_key.to_vec(), version));
            }
            Some((last_key, last_version)) => {
                *last_version = version;
                if last_key != user_key || self.hashes.is_empty() {
                    self.hashes.push(filter::hash(user_key));
                    last_key.clear();
                    last_key.extend_from_slice(user_key);
                }
            }
        }
    }

    fn end_data_block(&mut self) -> Result<()> {
        let Some((last_key, version)) = &self.last else { return Ok(()) };
        let mut handle = Vec::new();
        self.out.put_data(&mut self.data)?.encode_data(&mut handle);
        self.index.add(last_key, *version, Some(&handle));
        if self.index.len() >= INDEX_LEN { self.end_run() } else { Ok(()) }
    }

    fn end_run(&mut self) -> Result<()> {
        let Some((last_key, version)) = &self.last else { return Ok(()) };
        let filter = self.out.put(Piece::Filter, &filter::build(&self.hashes))?;
        let index = self.out.put_block(Piece::Index, &mut self.index)?;
        self.hashes.clear();
        self.top.add(last_key, *version, Some(&Run { filter, index }.encode()));
        Ok(())
    }

    /// Ends the file, syncs it and its name; `None` where it has no entry, and then there is no file.
    pub fn finish(mut self) -> Result<Option<FileRecord>> {
        if !self.data.is_empty() {
            self.end_data_block()?;
        }
        if !self.index.is_empty() {
            self.end_run()?;
        }
        let Some((last_key, _)) = self.last.take() else { return Ok(None) };
        self.properties.last_key = last_key;
        let (digest, len) = self.end_file()?;
        self.finished = true;
        Ok(Some(self.record(digest, len)))
    }

    fn end_file(&mut self) -> Result<([u8; 32], u64)> {
        let top = self.out.put_block(Piece::Top, &mut self.top)?;
        let properties = self.out.put(Piece::Properties, &self.properties.encode())?;
        self.out.put(Piece::Footer, &Footer { top, properties }.encode())?;
        let io = |source| EngineError::io("writing a sorted file", source);
        self.out.flush().and_then(|()| self.out.file.sync()).map_err(io)?;
        self.env.disk.sync_dir(self.path.parent().unwrap_or(&self.path)).map_err(io)?;
        Ok((self.out.digest.finish(), self.out.written))
    }

    fn record(&self, digest: [u8; 32], len: u64) -> FileRecord {
        let Properties { puts, removals, value_bytes, first_sequence, last_sequence, .. } = self.properties;
        let key = |key: &[u8]| bytes::Bytes::copy_from_slice(key);
        let header = self.out.header.clone();
        FileRecord {
            header,
            len,
            digest,
            level: 0,
            puts,
            removals,
            value_bytes,
            first_sequence,
            last_sequence,
            first_key: key(&self.properties.first_key),
            last_key: key(&self.properties.last_key),
            visible: u64::MAX,
        }
    }
}

impl Drop for SortedFileWriter {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Err(error) = self.env.disk.remove_file(&self.path) {
            tracing::warn!(%error, "an unfinished sorted file stays until the keyspace is next opened");
        }
    }
}

/// The name of the file with this header.
pub fn file_name(header: &FileHeader) -> String {
    let digits: String = header.file_id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}.sst")
}

/// The file behind a buffer.
struct Out {
    file: Box<dyn DiskFile>,
    header: FileHeader,
    cipher: FileCipher,
    buffer: Vec<u8>,
    written: u64,
    digest: TagDigest,
    compressor: Compressor,
    pace: Box<dyn Fn(usize) + Send>,
}

impl Out {
    /// Encrypts a data block at its place, compressed where that makes it shorter.
    fn put_data(&mut self, block: &mut BlockBuilder) -> Result<BlockHandle> {
        if self.compressor.compression() == Compression::None {
            return self.put_block(Piece::Data, block);
        }
        let plain = wiped(block.finish());
        match self.compressor.compress(&plain) {
            None => self.put(Piece::Data, &plain),
            Some(short) => {
                let (start, short) = (self.buffer.len(), wiped(short));
                self.buffer.extend_from_slice(&short);
                self.seal(Piece::Data, self.compressor.compression(), start)
            }
        }
    }

    /// Encrypts a block at its place.
    fn put_block(&mut self, piece: Piece, block: &mut BlockBuilder) -> Result<BlockHandle> {
        let start = self.buffer.len();
        block.finish_into(&mut self.buffer);
        self.seal(piece, Compression::None, start)
    }

    /// Encrypts bytes at their place.
    fn put(&mut self, piece: Piece, plain: &[u8]) -> Result<BlockHandle> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(plain);
        self.seal(piece, Compression::None, start)
    }

    /// Encrypts what lies in the buffer from `start` on, where it stands.
    fn seal(&mut self, piece: Piece, compression: Compression, start: usize) -> Result<BlockHandle> {
        let offset = self.written + u64_of(start);
        let (_, block) = self.buffer.split_at_mut(start);
        let tag = self.cipher.encrypt_compressed(piece as u8, offset, compression, block);
        let len = u32_of(block.len() + tag.len());
        self.buffer.extend_from_slice(&tag);
        self.digest.add(&tag);
        if self.buffer.len() >= WRITE_LEN {
            self.flush().map_err(|source| EngineError::io("writing a sorted file", source))?;
        }
        Ok(BlockHandle { offset, len, compression })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.buffer, self.written)?;
        self.written += u64_of(self.buffer.len());
        (self.pace)(self.buffer.len());
        self.buffer.clear();
        Ok(())
    }
}
