//! What is shown on stdout when a server is ready.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use auth::AccessKey;
use serde_json::json;
use server::server::Announcement;

use crate::options::LogFormat;

/// Tells that the server is ready, where, and the access key that was made, if one was.
pub fn ready(announcement: &Announcement, region: &str, format: LogFormat) -> io::Result<()> {
    let text = match format {
        LogFormat::Text => as_text(announcement, region),
        LogFormat::Json => as_json(announcement, region),
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn as_text(announcement: &Announcement, region: &str) -> String {
    let made = announcement.made_credentials.as_ref();
    let mut text = made.map(|key| first_lines(key, region, &announcement.url)).unwrap_or_default();
    let _ = writeln!(text, "Strongroom ready on {}", announcement.url);
    text
}

fn first_lines(key: &AccessKey, region: &str, url: &str) -> String {
    let (id, secret) = (&key.id, key.secret.expose());
    format!(
        "An access key was made. It is shown only now; paste this where your client runs:\n\
         \n\
         export AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={secret}\n\
         export AWS_DEFAULT_REGION={region}\n\
         export AWS_ENDPOINT_URL={url}\n\
         aws dynamodb list-tables --endpoint-url {url}\n\
         \n"
    )
}

fn as_json(announcement: &Announcement, region: &str) -> String {
    let mut line = json!({
        "event": "ready",
        "url": announcement.url,
        "region": region,
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
    });
    if let Some(key) = &announcement.made_credentials {
        line["madeCredentials"] = json!({ "accessKeyId": key.id, "secretAccessKey": key.secret.expose() });
    }
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::{as_json, as_text};
    use auth::AccessKey;
    use serde_json::Value;
    use server::server::Announcement;

    fn announcement(made: bool) -> Announcement {
        let key = || AccessKey::new("AKID".into(), "se+/cret".into()).unwrap();
        let url = "http://127.0.0.1:41234".to_owned();
        Announcement { url, made_credentials: made.then(key), warnings: Vec::new() }
    }

    #[test]
    fn a_later_start_tells_one_line() {
        assert_eq!(
            as_text(&announcement(false), "us-east-1"),
            "Strongroom ready on http://127.0.0.1:41234\n"
        );
        let line = as_json(&announcement(false), "us-east-1");
        assert_eq!(line.matches('\n').count(), 1);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["event"], &line["url"]), (&"ready".into(), &"http://127.0.0.1:41234".into()));
        assert!(line.get("madeCredentials").is_none());
    }

    #[test]
    fn the_first_start_tells_what_a_newcomer_pastes() {
        let text = as_text(&announcement(true), "us-east-1");
        assert_eq!(text.matches("\nexport ").count(), 3);
        assert!(text.contains("AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=se+/cret\n"));
        assert!(text.contains("\naws dynamodb list-tables --endpoint-url http://127.0.0.1:41234\n"));
        let line: Value = serde_json::from_str(&as_json(&announcement(true), "us-east-1")).unwrap();
        assert_eq!(line["madeCredentials"]["secretAccessKey"], "se+/cret");
    }
}
