//! Flipped bits in every file of a small data directory: right data, or a clear error that names the file and
//! the block or record; never wrong data, never a crash.
//!
//! The engine's own suite flips a bit of every field of every block and record. Here it is the whole server,
//! started on the damaged directory and read through the API, once after a clean stop and once after a kill, when
//! the log still holds what was written: a place of every kind in every folder, and others drawn by the seed; all
//! of them with `STRONGROOM_TEST_DEPTH=2`. `strongroom verify --list` says which places there are.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; tests look at real files and tell what they did"
)]

mod contents;
mod one_of_many;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contents::Contents;
use tests::random::Random;
use tests::verify::{Place, places, verify};
use tests::{Server, Setup, folder};

/// Flips tried after each way of stopping; each is a start of the server and a read of everything.
const FLIPS: usize = 60;

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
    let flips = flips(&server, &mut random);
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
    assert!(flip.is_named_in(&log), "{flip:?}: {told}, but the log does not name it:\n{log}");
    true
}

/// A bit of a place.
#[derive(Debug)]
struct Flip {
    place: Place,
    offset: u64,
    bit: u8,
}

impl Flip {
    fn of(place: &Place, random: &mut Random) -> Self {
        let offset = place.start + random.below(place.end - place.start);
        Self { place: place.clone(), offset, bit: u8::try_from(random.below(8)).unwrap() }
    }

    fn apply(&self, data_dir: &Path) {
        let path = data_dir.join(&self.place.file);
        let mut content = fs::read(&path).unwrap();
        content[usize::try_from(self.offset).unwrap()] ^= 1 << self.bit;
        fs::write(path, content).unwrap();
    }

    /// Whether the log names the file and the block or record. What lies outside the store is one record a file.
    fn is_named_in(&self, log: &str) -> bool {
        match self.place.file.strip_prefix("store") {
            Ok(file) => log.contains(&format!("damaged data in {}, {}", file.display(), self.place.name)),
            Err(_) => log.contains(&*self.place.file.file_stem().unwrap().to_string_lossy()),
        }
    }
}

/// A flip in every kind of place of every folder, then in others, up to [`FLIPS`].
fn flips(server: &Server, random: &mut Random) -> Vec<Flip> {
    let listed = verify(server, &["--list"]);
    assert_eq!(listed.status, 0, "{}", listed.text);
    let mut places = places(&listed.text);
    places.retain(|place| place.start < place.end && place.finding != "unwritten");
    assert!(places.len() > FLIPS, "a data directory of {} places", places.len());
    for at in (1..places.len()).rev() {
        places.swap(at, usize::try_from(random.below(at as u64 + 1)).unwrap());
    }
    let mut seen = BTreeSet::new();
    let is_new_kind = |place: &Place| seen.insert((place.file.parent().map(Path::to_owned), place.kind()));
    let (first, others): (Vec<Place>, Vec<Place>) = places.into_iter().partition(is_new_kind);
    let wanted = if all_of_them() { usize::MAX } else { FLIPS.max(first.len()) };
    first.iter().chain(&others).take(wanted).map(|place| Flip::of(place, random)).collect()
}

fn all_of_them() -> bool {
    std::env::var("STRONGROOM_TEST_DEPTH").is_ok_and(|depth| depth.parse().is_ok_and(|depth: u64| depth > 1))
}
