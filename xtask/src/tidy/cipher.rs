//! Inside `crates/`, only `crypto` touches the cipher library.

use super::{Complaint, Repository};

const LIBRARY: &str = "aws_lc_rs";

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let elsewhere = |path: &str| path.starts_with("crates/") && !path.starts_with("crates/crypto/");
    let mut complaints = Vec::new();
    for (path, text) in repository.iter().filter(|(path, _)| elsewhere(path)) {
        let touches = match path.rsplit_once('/') {
            Some((_, "Cargo.toml")) => depends(text),
            _ => path.ends_with(".rs") && imports(text),
        };
        if touches {
            complaints.push(Complaint::new(path, "ask crates/crypto: it alone touches the cipher library"));
        }
    }
    complaints
}

fn depends(manifest: &str) -> bool {
    manifest.lines().any(|line| line.trim_start().starts_with("aws-lc-"))
}

/// `aws_lc_rs::…`, but not rustls's provider of that name.
fn imports(text: &str) -> bool {
    let uses = text.match_indices(LIBRARY).map(|(at, _)| (&text[..at], &text[at + LIBRARY.len()..]));
    uses.into_iter().any(|(before, after)| !before.ends_with("crypto::") && after.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    #[test]
    fn the_cipher_library_is_cryptos_alone() {
        let import = "use aws_lc_rs::aead::LessSafeKey;";
        assert_eq!(check(&Repository::of(&[("crates/crypto/src/cipher.rs", import)])), []);
        assert_eq!(check(&Repository::of(&[("crates/kms/src/blob.rs", import)])).len(), 1);
        let manifest = "[dependencies]\naws-lc-rs.workspace = true";
        assert_eq!(check(&Repository::of(&[("crates/kms/Cargo.toml", manifest)])).len(), 1);
    }

    #[test]
    fn the_provider_of_tls_is_another_matter() {
        let provider = "rustls::crypto::aws_lc_rs::default_provider()";
        assert_eq!(check(&Repository::of(&[("crates/server/src/tls.rs", provider)])), []);
    }
}
