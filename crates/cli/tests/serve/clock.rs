//! `strongroom clock advance`.

use std::process::{Command, Output};

use crate::fixture::{ID, Place, SECRET, refusal};

fn advance(place: &Place, url: &str, by: &str, more: &[&str]) -> Command {
    let mut command = place.command(&["clock", "advance", by, "--endpoint", url]);
    command.args(more).env("AWS_ACCESS_KEY_ID", ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
    command
}

fn shown(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let told = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{told}");
    told
}

/// The day that was told, as a number that grows with time.
fn day(told: &str) -> u32 {
    let time = told.trim().strip_prefix("The server's clock now shows ").unwrap();
    time[..10].replace('-', "").parse().unwrap()
}

#[test]
fn the_clock_moves_and_signatures_still_hold() {
    let place = Place::new();
    let server = place.start_known(&["--memory", "--test-clock"]);
    let today = day(&shown(advance(&place, server.url(), "0s", &[])));
    let later = day(&shown(advance(&place, server.url(), "365d", &[])));
    assert!((9_000..=10_100).contains(&(later - today)), "{today} {later}");
    let latest = day(&shown(advance(&place, server.url(), "365d", &[])));
    assert!(latest > later);
}

#[test]
fn without_the_flag_the_clock_stands() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let told = refusal(advance(&place, server.url(), "7d", &[]));
    assert!(told.contains("Start it with --test-clock") && told.contains("AccessDeniedException"), "{told}");
}

#[test]
fn only_the_root_user_moves_the_clock() {
    let place = Place::new();
    let server = place.start_known(&["--memory", "--test-clock"]);
    let mut command = advance(&place, server.url(), "7d", &[]);
    command.env("AWS_SECRET_ACCESS_KEY", "another");
    assert!(refusal(command).contains("InvalidSignatureException"));
    let mut unsigned = advance(&place, server.url(), "7d", &[]);
    unsigned.env_remove("AWS_SECRET_ACCESS_KEY");
    assert!(refusal(unsigned).contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
}

#[test]
fn the_clock_moves_over_tls() {
    let place = Place::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = place.write("cert.pem", &made.cert.pem());
    let key = place.write("key.pem", &made.signing_key.serialize_pem());
    let options = ["--memory", "--test-clock", "--tls-cert", &certificate, "--tls-key", &key];
    let server = place.start_known(&options);
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let _ = day(&shown(advance(&place, server.url(), "7d", &["--ca-cert", &certificate])));
    assert!(refusal(advance(&place, server.url(), "7d", &[])).contains("--ca-cert"));
}

#[test]
fn unreachable_and_unreadable_endpoints_are_told_so() {
    let place = Place::new();
    assert!(refusal(advance(&place, "http://127.0.0.1:1", "7d", &[])).contains("is the server running?"));
    assert!(refusal(advance(&place, "localhost", "7d", &[])).contains("give a URL such as"));
}
