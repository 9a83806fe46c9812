//! Key policies. Others than AWS's own are not enforced yet, so only the one that changes nothing is taken:
//! AWS's default, which gives the account everything. What is told of a
//! customer's key is what [`crate::caller`] enforces; of an AWS managed key, AWS's own policy, of which the part
//! about encryption and grants is never used.

use envelope::KeyManager;
use serde_json::{Value, json};

use crate::error::KmsError;
use crate::key::KeyRecord;
use crate::key_id::Home;
use crate::managed::{self, ManagedKey};

/// The name of the one policy that each key has.
pub const NAME: &str = "default";

/// AWS's quota, in bytes; its model lets longer ones through to be refused here.
const MAX_LEN: usize = 32 << 10;

/// The policy of a key, as JSON; `managed` is what an AWS managed key is for.
#[must_use]
pub fn of(key: &KeyRecord, managed: Option<&ManagedKey>, home: &Home) -> String {
    let (id, statements) = match key.manager {
        KeyManager::Customer => ("key-default-1".to_owned(), vec![account_may_everything(home)]),
        KeyManager::Service | KeyManager::ServiceOwned => {
            let of = managed.unwrap_or(&managed::DYNAMODB);
            let statements = vec![service_may_use_it(of, home), account_may_look(home), service_may_look(of)];
            (format!("auto-{}-1", of.service), statements)
        }
    };
    format!("{:#}", json!({"Version": "2012-10-17", "Id": id, "Statement": statements}))
}

fn account_may_everything(home: &Home) -> Value {
    json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", home.account_id)},
        "Action": "kms:*",
        "Resource": "*",
    })
}

fn service_may_use_it(ManagedKey { service, service_name, .. }: &ManagedKey, home: &Home) -> Value {
    json!({
        "Sid": format!(
            "Allow access through {service_name} for all principals in the account that are authorized to use \
             {service_name}"
        ),
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {"StringEquals": {
            "kms:CallerAccount": home.account_id,
            "kms:ViaService": format!("{service}.{}.amazonaws.com", home.region),
        }},
    })
}

fn account_may_look(home: &Home) -> Value {
    json!({
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", home.account_id)},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    })
}

fn service_may_look(ManagedKey { service, service_name, .. }: &ManagedKey) -> Value {
    let principal = format!("{service}.amazonaws.com");
    json!({
        "Sid": format!(
            "Allow {service_name} with service principal name {principal} to describe the key directly"
        ),
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    })
}

/// Whether a policy says what holds anyway.
///
/// # Errors
/// [`KmsError::LimitExceeded`] for a document above AWS's quota of 32 KiB, [`KmsError::MalformedPolicy`] for
/// what is no JSON object, [`KmsError::Unsupported`] for any policy that would have to be enforced.
pub fn check_is_default(policy: &str, account_id: &str) -> Result<(), KmsError> {
    if policy.len() > MAX_LEN {
        let len = policy.len();
        return Err(KmsError::LimitExceeded(format!(
            "The policy has {len} bytes; a key policy has at most {MAX_LEN}."
        )));
    }
    let Ok(document @ Value::Object(_)) = serde_json::from_str(policy) else {
        return Err(KmsError::MalformedPolicy("The policy is not a JSON object.".into()));
    };
    match is_default(&document, account_id) {
        true => Ok(()),
        false => Err(KmsError::Unsupported(
            "Key policies are not supported by this server yet; only AWS's default policy, or none, is taken."
                .into(),
        )),
    }
}

fn is_default(document: &Value, account_id: &str) -> bool {
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        statement => std::slice::from_ref(statement),
    };
    let known = ["Version", "Id", "Statement"];
    let [statement] = statements else { return false };
    has_only(document, &known) && gives_the_account_everything(statement, account_id)
}

fn gives_the_account_everything(statement: &Value, account_id: &str) -> bool {
    let known = ["Sid", "Effect", "Principal", "Action", "Resource"];
    let principal = &statement["Principal"];
    has_only(statement, &known)
        && statement["Effect"] == "Allow"
        && has_only(principal, &["AWS"])
        && (is_just(&principal["AWS"], &format!("arn:aws:iam::{account_id}:root"))
            || is_just(&principal["AWS"], account_id))
        && is_just(&statement["Action"], "kms:*")
        && is_just(&statement["Resource"], "*")
}

fn has_only(object: &Value, names: &[&str]) -> bool {
    object.as_object().is_some_and(|members| members.keys().all(|name| names.contains(&name.as_str())))
}

/// A text, alone or as the only element of a list.
fn is_just(value: &Value, text: &str) -> bool {
    match value {
        Value::Array(list) => matches!(list.as_slice(), [only] if only == text),
        only => only == text,
    }
}

#[cfg(test)]
mod tests {
    use super::check_is_default;

    const DEFAULT: &str = r#"{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User
        Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*",
        "Resource":"*"}]}"#;

    fn code(policy: &str) -> Option<String> {
        let checked = check_is_default(&policy.replace('\n', " "), "000000000000");
        checked.err().map(|error| service::ApiError::from(error).code.into_owned())
    }

    #[test]
    fn only_the_policy_that_changes_nothing_is_taken() {
        assert_eq!(code(DEFAULT), None);
        let refused = Some("UnsupportedOperationException".to_owned());
        for (from, to) in [
            ("Allow", "Deny"),
            ("kms:*", "kms:Decrypt"),
            ("000000000000", "111111111111"),
            (r#""Resource":"*""#, r#""Resource":"*","Condition":{}"#),
        ] {
            assert_eq!(code(&DEFAULT.replace(from, to)), refused);
        }
        assert_eq!(code("{}"), refused);
    }

    #[test]
    fn a_policy_has_at_most_32_kib() {
        let padded = |len: usize| DEFAULT.replace('\n', " ") + &" ".repeat(len - DEFAULT.len());
        assert_eq!(code(&padded(32 << 10)), None);
        assert_eq!(code(&padded((32 << 10) + 1)), Some("LimitExceededException".into()));
    }

    #[test]
    fn what_is_no_document_is_malformed() {
        for policy in ["", "[]", "x", "1", &"[".repeat(30_000)] {
            assert_eq!(code(policy), Some("MalformedPolicyDocumentException".into()));
        }
    }
}
