//! Flipped bits in every file of a small data directory: right data, or a clear error that names the file;
//! never wrong data, never a crash.
//!
//! The engine's own suite flips every bit of every kind of file. Here it is the whole server, started on the
//! damaged directory and read through the API: sampled, but of every file the beginning, the end, and places
//! between, once after a clean stop and once after a kill, when the log still holds what was written.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; tests look at real files and tell what they did"
)]

mod contents;
mod named;

use std::fs;
use std::path::{Path, PathBuf};

use contents::Contents;
use named::Named;
use tests::random::Random;
use tests::{Server, Setup, folder};

/// Flips tried after each way of stopping; each is a start of the server and a read of everything.
const FLIPS: usize = 60;
/// The engine's header, as in `docs/formats/`.
pub const HEADER_LEN: u64 = 132;

#[test]
fn after_a_clean_stop_no_flipped_bit_gives_wrong_data() {
    flip_bits(Server::stop);
}

#[test]
fn after_a_kill_no_flipped_bit_gives_wrong_data() {
    flip_bits(Server::kill);
}

fn flip_bits(end: fn(&mut Server)) {
    let mut random = Random::from_environment();
    let mut server = Setup::new().variable("STRONGROOM_LOG", "info").start();
    let contents = Contents::write_to(&server);
    end(&mut server);
    let sound = server.folder().join("sound");
    folder::copy(&server.data_dir(), &sound).unwrap();
    let mut detected = 0;
    let flips = flips(&sound, &mut random);
    for flip in &flips {
        folder::replace(&sound, &server.data_dir()).unwrap();
        flip.apply(&server.data_dir());
        detected += u32::from(was_detected(&mut server, &contents, flip));
    }
    println!("{} flips, {detected} detected, the others did not matter", flips.len());
    assert!(detected > 0, "no flip was detected");
    folder::replace(&sound, &server.data_dir()).unwrap();
    server.start_again();
    contents.check(&server).unwrap();
}

/// Starts the server on the damaged directory and reads everything. Whatever is not right must be an error, and
/// the log must name the file.
fn was_detected(server: &mut Server, contents: &Contents, flip: &Flip) -> bool {
    let log_before = server.log().len();
    let outcome = match server.try_start_again() {
        Err(refused) => Err(refused),
        Ok(()) => contents.check(server),
    };
    assert!(outcome.is_err() || server.is_alive(), "{flip:?}: the server died");
    server.kill();
    let Err(told) = outcome else { return false };
    let log = server.log()[log_before..].to_owned();
    assert!(!log.contains("panicked"), "{flip:?}: {told}\n{log}");
    match flip.file.strip_prefix("store") {
        Ok(file) => assert_named(file, flip, &log),
        // Each of the others is one record.
        Err(_) => {
            let stem = flip.file.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(log.contains(&stem), "{flip:?}: {told}, but the log does not name {stem}:\n{log}");
        }
    }
    true
}

/// The log names the file, and the block or record in which the flipped byte lies.
fn assert_named(file: &Path, flip: &Flip, log: &str) {
    let told = format!("damaged data in {}, ", file.display());
    let places: Vec<&str> = log.split(&told).skip(1).collect();
    assert!(!places.is_empty(), "{flip:?}: the log does not name {}:\n{log}", file.display());
    for place in places {
        let named = Named::read(place);
        let named =
            named.unwrap_or_else(|| panic!("{flip:?}: which place is {}?", &place[..place.len().min(80)]));
        assert!(named.holds(flip), "{flip:?}: the log names {named:?}");
    }
}

/// A bit of a file, its path from the data directory.
#[derive(Debug)]
struct Flip {
    file: PathBuf,
    offset: u64,
    bit: u8,
}

impl Flip {
    fn apply(&self, data_dir: &Path) {
        let path = data_dir.join(&self.file);
        let mut content = fs::read(&path).unwrap();
        content[usize::try_from(self.offset).unwrap()] ^= 1 << self.bit;
        fs::write(path, content).unwrap();
    }
}

/// Places in every file: in its header, at its end, and in what is not zeros between.
fn flips(data_dir: &Path, random: &mut Random) -> Vec<Flip> {
    let files: Vec<(PathBuf, u64)> = folder::files(data_dir)
        .unwrap()
        .into_iter()
        .map(|path| {
            let content = fs::read(&path).unwrap();
            let used = content.iter().rposition(|&byte| byte != 0).map_or(0, |last| last as u64 + 1);
            (path.strip_prefix(data_dir).unwrap().to_owned(), used)
        })
        .filter(|(_, used)| *used > 0)
        .collect();
    assert!(files.len() >= 3, "a data directory of {files:?}");
    let per_file = (FLIPS / files.len()).max(3) as u64;
    let mut flips = Vec::new();
    for (file, used) in files {
        for at in 0..per_file {
            let offset = match at {
                0 => random.below(used.min(HEADER_LEN)),
                1 => used - 1 - random.below(used.min(16)),
                _ => random.below(used),
            };
            let bit = u8::try_from(random.below(8)).unwrap();
            flips.push(Flip { file: file.clone(), offset, bit });
        }
    }
    flips
}
