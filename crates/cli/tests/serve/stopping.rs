//! Stops.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::fixture::Place;

#[test]
fn both_signals_end_a_server_cleanly() {
    let place = Place::new();
    for signal in ["-TERM", "-INT"] {
        assert_eq!(place.start_known(&[]).stop(signal), Some(0));
    }
}

#[test]
fn a_repeated_signal_does_not_cut_the_stop_short() {
    let place = Place::new();
    let server = place.start_known(&["--memory", "--drain-seconds", "1"]);
    let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.stop("-INT"), Some(0));
}

#[test]
fn an_idle_connection_does_not_hold_the_server() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert_ne!(stream.read(&mut [0; 1024]).unwrap(), 0);
    let before = Instant::now();
    assert_eq!(server.stop("-TERM"), Some(0));
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_call_that_never_ends_holds_the_server_only_as_long_as_told() {
    let place = Place::new();
    let server = place.start_known(&["--memory", "--drain-seconds", "1"]);
    let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let before = Instant::now();
    assert_eq!(server.stop("-TERM"), Some(0));
    assert!(before.elapsed() < Duration::from_secs(5));
}
