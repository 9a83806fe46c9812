//! Members that many requests of the API share, read in one way.

use std::borrow::Cow;

use envelope::EncryptionContext;
use service::{ApiError, Fields};

use crate::error::KmsError;
use crate::key::KEY_SPEC;

/// The algorithms of the API, in AWS's order.
const ALGORITHMS: [&str; 4] = [KEY_SPEC, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"];

/// A name of a key that must be there.
pub fn key_name(fields: &mut Fields<'_>, member: &str) -> String {
    fields.string(member).length(1..=2048).required().into_owned()
}

/// A name of a key that may be absent.
pub fn optional_key_name(fields: &mut Fields<'_>, member: &str) -> Option<String> {
    fields.string(member).length(1..=2048).optional().map(String::from)
}

/// An encryption context; an absent one is an empty one.
pub fn encryption_context(fields: &mut Fields<'_>, member: &str) -> EncryptionContext {
    let pairs = fields.string_map(member).optional().unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Notes a text in a list that is empty or longer than `most` characters.
pub fn check_lengths(fields: &Fields<'_>, member: &str, texts: &[Cow<'_, str>], most: usize) {
    if texts.iter().any(|text| !(1..=most).contains(&text.chars().count())) {
        let told = format!(
            "Value '[{}]' at '{}' failed to satisfy constraint: Member must satisfy constraint: [Member must have \
             length less than or equal to {most}, Member must have length greater than or equal to 1]",
            texts.join(", "),
            fields.path_of(member),
        );
        fields.violate(member, told);
    }
}

/// Members by which a request asks for what does not work yet, and the algorithm it must name right.
#[derive(Debug, Default)]
pub struct Asked {
    has_grant_tokens: bool,
    refused: Vec<&'static str>,
    algorithms: Vec<String>,
}

impl Asked {
    /// Reads `GrantTokens`.
    #[must_use]
    pub fn grant_tokens(mut self, fields: &mut Fields<'_>) -> Self {
        let tokens = fields.strings("GrantTokens").count(0..=10).optional().unwrap_or_default();
        check_lengths(fields, "GrantTokens", &tokens, 8192);
        self.has_grant_tokens = !tokens.is_empty();
        self
    }

    /// Notes a member that is refused where it is there.
    #[must_use]
    pub fn refuse(mut self, fields: &Fields<'_>, member: &'static str) -> Self {
        if fields.has(member) {
            self.refused.push(member);
        }
        self
    }

    /// Reads the name of an encryption algorithm.
    #[must_use]
    pub fn algorithm(mut self, fields: &mut Fields<'_>, member: &str) -> Self {
        self.algorithms.extend(fields.string(member).one_of(&ALGORITHMS).optional().map(String::from));
        self
    }

    /// Whether everything asked for works; call it when the request itself is found valid.
    ///
    /// # Errors
    /// [`KmsError::Unsupported`], [`KmsError::InvalidGrantToken`], [`KmsError::InvalidKeyUsage`].
    pub fn check(self) -> Result<(), ApiError> {
        if let Some(member) = self.refused.first() {
            return Err(not_yet(member).into());
        }
        if self.has_grant_tokens {
            let text = "This server makes no grants yet, so that no grant token is valid.";
            return Err(KmsError::InvalidGrantToken(text).into());
        }
        match self.algorithms.into_iter().find(|algorithm| algorithm != KEY_SPEC) {
            Some(algorithm) => {
                let text = format!("Algorithm {algorithm} is incompatible with key spec {KEY_SPEC}.");
                Err(KmsError::InvalidKeyUsage(text).into())
            }
            None => Ok(()),
        }
    }
}

/// The refusal of a member that does not work yet.
#[must_use]
pub fn not_yet(member: &str) -> KmsError {
    KmsError::Unsupported(format!("{member} is not supported by this server yet."))
}

/// `DryRun`: check everything, do nothing, and say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DryRun(bool);

impl DryRun {
    /// Reads the member.
    pub fn member(fields: &mut Fields<'_>) -> Self {
        Self(fields.boolean("DryRun").optional().unwrap_or_default())
    }

    /// The end of a dry run that would have succeeded.
    ///
    /// # Errors
    /// [`KmsError::DryRun`] where it is one.
    pub fn end(self) -> Result<(), KmsError> {
        match self {
            Self(true) => Err(KmsError::DryRun),
            Self(false) => Ok(()),
        }
    }
}
