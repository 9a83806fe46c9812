//! The same door behind TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use server::{Limits, TlsFiles, tls};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::fixture::{Client, ECHO, open_with, signed};

struct Files {
    _folder: tempfile::TempDir,
    files: TlsFiles,
    certificate: rustls::pki_types::CertificateDer<'static>,
}

fn self_signed() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificates: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificates, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    Files { _folder: folder, files, certificate: made.cert.der().clone() }
}

fn connector(trusted: &rustls::pki_types::CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[tokio::test]
async fn calls_come_in_over_tls() {
    let made = self_signed();
    let door = open_with(Limits::default(), Some(tls::acceptor(&made.files).unwrap())).await;
    let stream = TcpStream::connect(door.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector(&made.certificate).connect(name, stream).await.unwrap();
    let mut client = Client { stream };
    assert_eq!(client.ask(&signed(ECHO, b"{\"a\":1}", "")).await.text(), "{\"a\":1}");
}

#[tokio::test]
async fn plain_http_and_silence_do_not_get_through_tls() {
    let made = self_signed();
    let limits = Limits { head_timeout: Duration::from_millis(200), ..Limits::default() };
    let door = open_with(limits, Some(tls::acceptor(&made.files).unwrap())).await;
    let mut plain = Client::connect(&door).await;
    plain.say(&signed(ECHO, b"{}", "")).await;
    assert!(plain.is_closed().await);
    assert!(Client::connect(&door).await.is_closed().await);
}

#[test]
fn unusable_files_are_named() {
    let made = self_signed();
    let missing = TlsFiles { key: "nowhere.pem".into(), ..made.files.clone() };
    let swapped = TlsFiles { certificates: made.files.key.clone(), ..made.files.clone() };
    for (files, name) in [(missing, "nowhere.pem"), (swapped, "key.pem")] {
        let told = tls::acceptor(&files).err().unwrap().to_string();
        assert!(told.contains(name) && told.contains("give a PEM file"), "{told}");
    }
}
