//! TLS, where a certificate is given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::StartError;

/// The longest certificate chain or key file, in bytes.
const MAX_FILE_LEN: u64 = 1 << 20;

/// Where the server's certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, PEM, the server's own first.
    pub certificates: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Reads the files.
///
/// # Errors
/// [`StartError::Tls`], which says which file and why.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, StartError> {
    let chain = certificates(&files.certificates)?;
    let key = private_key(&files.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|cause| refused(&files.certificates, &cause))?;
    let mut config = config;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The certificates in a PEM file.
///
/// # Errors
/// [`StartError::Tls`].
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let pem = read(file)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain.map_err(|cause| refused(file, &cause))? {
        chain if chain.is_empty() => Err(refused(file, &"there is no certificate in it")),
        chain => Ok(chain),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, StartError> {
    let pem = zeroize::Zeroizing::new(read(file)?);
    PrivateKeyDer::from_pem_slice(&pem).map_err(|cause| refused(file, &cause))
}

fn read(file: &Path) -> Result<Vec<u8>, StartError> {
    env::disk::read_file(&env::RealDisk, file, MAX_FILE_LEN).map_err(|cause| refused(file, &cause))
}

fn refused(file: &Path, cause: &dyn std::fmt::Display) -> StartError {
    StartError::Tls { file: file.to_owned(), cause: cause.to_string() }
}
