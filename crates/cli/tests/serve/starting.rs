//! Starts: the first, later ones, and those that are refused.

use crate::fixture::{Place, Running, contents, known, refusal};

#[test]
fn the_first_start_makes_what_is_missing_and_tells_the_credentials_once() {
    let place = Place::new();
    let first = place.start(&[]);
    let made = first.ready["madeCredentials"].clone();
    assert_eq!(made["accessKeyId"].as_str().map(str::len), Some(20));
    assert_eq!(made["secretAccessKey"].as_str().map(str::len), Some(40));
    assert_eq!(first.page("/healthz"), "ok\n");
    assert_eq!(first.stop("-TERM"), Some(0));
    assert_eq!(place.entries(), ["strongroom-data", "strongroom-data.root-key"]);
    assert_mode(&place, "strongroom-data.root-key", 0o600);
    assert_mode(&place, "strongroom-data", 0o700);
    let later = place.start(&[]);
    assert!(later.ready.get("madeCredentials").is_none());
    let secret = made["secretAccessKey"].as_str().unwrap();
    for (path, bytes) in contents(&place.path("strongroom-data")) {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
    }
}

fn assert_mode(place: &Place, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(place.path(name)).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
}

#[test]
fn in_memory_nothing_is_written() {
    let place = Place::new();
    let server = place.start(&["--memory"]);
    assert!(server.ready["madeCredentials"].is_object());
    assert_eq!(server.stop("-TERM"), Some(0));
    assert_eq!(place.entries(), [""; 0]);
}

#[test]
fn the_ready_line_for_people_names_the_real_port() {
    use std::io::{BufRead, BufReader};
    let place = Place::new();
    let command = place.command(&["serve", "--memory", "--listen", "127.0.0.1:0"]);
    let mut child = known(command)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _ = (child.kill(), child.wait());
    let port = line.strip_prefix("Strongroom ready on http://127.0.0.1:").unwrap().trim_end();
    assert_ne!(port.parse::<u16>().unwrap(), 0);
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let place = Place::new();
    let first = place.start(&[]);
    let told = refusal(place.serve(&[]));
    assert!(told.contains("another server uses the data directory ./strongroom-data; stop it"), "{told}");
    assert_eq!(first.page("/healthz"), "ok\n");
}

#[test]
fn a_taken_address_is_refused() {
    let place = Place::new();
    let first = place.start(&["--memory"]);
    let address = first.url().strip_prefix("http://").unwrap();
    let told = refusal(place.command(&["serve", "--memory", "--listen", address]));
    assert!(told.contains(&format!("cannot listen on {address}")), "{told}");
}

#[test]
fn a_wrong_or_missing_root_key_is_refused_and_changes_nothing() {
    let place = Place::new();
    assert_eq!(place.start(&[]).stop("-TERM"), Some(0));
    let before = contents(&place.path("strongroom-data"));
    let other = place.write("other.key", &"ab".repeat(32));
    let phrase = place.write("phrase", "correct horse\n");
    std::fs::rename(place.path("strongroom-data.root-key"), place.path("kept.key")).unwrap();
    for (arguments, words) in [
        (&["--root-key-file", &other][..], "the root key does not open"),
        (&["--passphrase-file", &phrase], "is sealed with a key"),
        (&[], "put it back"),
    ] {
        let told = refusal(place.serve(arguments));
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(contents(&place.path("strongroom-data")), before);
    let kept = place.path("kept.key").display().to_string();
    drop(place.start(&["--root-key-file", &kept]));
}

#[test]
fn the_root_key_can_be_a_variable_or_a_passphrase() {
    let place = Place::new();
    let start = |folder: &str, variable: (&str, &str)| {
        let mut command = known(place.serve(&["--data-dir", folder]));
        command.env(variable.0, variable.1);
        assert_eq!(Running::of(command).stop("-TERM"), Some(0));
    };
    let key = "cd".repeat(32);
    let phrase = place.write("phrase", "correct horse\n");
    for _ in 0..2 {
        start("one", ("STRONGROOM_ROOT_KEY", &key));
        start("other", ("STRONGROOM_PASSPHRASE_FILE", &phrase));
    }
    assert_eq!(place.entries(), ["one", "other", "phrase"]);
}
