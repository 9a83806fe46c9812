//! Flags, variables and the file: who wins, what is refused.

use crate::fixture::{Place, Running, known, refusal};

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let place = Place::new();
    let file = place.write("strongroom.toml", "region = \"eu-file-1\"\nmemory = true\n");
    let region = |flag: Option<&str>, variable: Option<&str>| {
        let mut command = place.serve(&["--config", &file]);
        command.args(flag.iter().flat_map(|region| ["--region", region]));
        command.envs(variable.map(|region| ("STRONGROOM_REGION", region)));
        Running::of(command).ready["region"].as_str().unwrap().to_owned()
    };
    assert_eq!(region(None, None), "eu-file-1");
    assert_eq!(region(None, Some("eu-variable-1")), "eu-variable-1");
    assert_eq!(region(Some("eu-flag-1"), Some("eu-variable-1")), "eu-flag-1");
    assert_eq!(place.entries(), ["strongroom.toml"]);
}

#[test]
fn a_variable_can_switch_off_what_the_file_switches_on() {
    let place = Place::new();
    let file = place.write("strongroom.toml", "memory = true\n");
    let mut command = place.serve(&[]);
    command.env("STRONGROOM_CONFIG", file).env("STRONGROOM_MEMORY", "false");
    drop(Running::of(command));
    assert!(place.entries().contains(&"strongroom-data".to_owned()));
}

#[test]
fn the_file_is_refused_where_it_is_wrong() {
    let place = Place::new();
    for (text, words) in [
        ("lisen = \"x\"", "line 1: unknown field `lisen`"),
        ("region = 1", "line 1: invalid type"),
        ("region", "line 1:"),
    ] {
        let file = place.write("strongroom.toml", text);
        let told = refusal(place.serve(&["--config", &file]));
        assert!(told.contains("cannot use the configuration file") && told.contains(words), "{told}");
    }
    assert!(refusal(place.serve(&["--config", "nowhere.toml"])).contains("nowhere.toml"));
}

#[test]
fn wrong_options_are_refused_in_one_line() {
    let place = Place::new();
    for (arguments, words) in [
        (&["--account-id", "1"][..], "give 12 digits"),
        (&["--tls-cert", "cert.pem"], "give both or neither"),
        (&["--log", "a=b=c"], "give a level such as info"),
        (&["--root-key-file", "nowhere"], "nowhere"),
    ] {
        let told = refusal(place.serve(arguments));
        let last = told.lines().last().unwrap();
        assert!(last.starts_with("strongroom: ") && last.contains(words), "{told}");
    }
    let told = refusal(place.command(&["serve", "--memory", "--listen", "256.0.0.1:1"]));
    assert!(told.contains("name a free address with --listen"), "{told}");
    let mut lonely = place.serve(&["--memory"]);
    lonely.env("STRONGROOM_ROOT_ACCESS_KEY_ID", "AKID");
    assert!(refusal(lonely).contains("STRONGROOM_ROOT_SECRET_ACCESS_KEY"));
    let mut spaced = known(place.serve(&["--memory"]));
    spaced.env("STRONGROOM_ROOT_SECRET_ACCESS_KEY", "with space");
    assert!(!refusal(spaced).contains("with space"));
}
