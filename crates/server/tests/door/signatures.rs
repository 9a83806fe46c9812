//! The bodies that refused signatures are answered with.

use server::Limits;

use crate::fixture::{Client, ECHO, ask, now_ms, open, signed, signed_at};

fn exception(code: &str, text: &str) -> String {
    format!(r##"{{"__type":"com.amazon.coral.service#{code}","message":"{text}"}}"##)
}

#[tokio::test]
async fn refused_signatures_are_answered_as_aws_does() {
    let door = open(Limits::default()).await;
    let good = String::from_utf8(signed(ECHO, b"{}", "")).unwrap();
    let date = good.split_once("x-amz-date: ").unwrap().1[..16].to_owned();
    let without = |name: &str| {
        let lines = good.split_inclusive("\r\n").filter(|line| !line.starts_with(name));
        lines.collect::<String>()
    };
    let mismatch = "The request signature we calculated does not match the signature you provided. Check your \
                    AWS Secret Access Key and signing method. Consult the service documentation for details.";
    let cases = [
        (
            without("authorization"),
            exception("MissingAuthenticationTokenException", "Request is missing Authentication Token"),
        ),
        (
            without("authorization").replace("x-amz-date", "authorization: AWS4-HMAC-SHA256\r\nx-amz-date"),
            exception(
                "IncompleteSignatureException",
                "Authorization header requires 'Credential' parameter. Authorization header requires \
                 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. \
                 Authorization=AWS4-HMAC-SHA256",
            ),
        ),
        (
            good.replace("AKIDEXAMPLE", "AKIDNOBODY"),
            exception(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
        ),
        (
            good.replace("x-amz-date: ", "x-amz-security-token: t\r\nx-amz-date: ")
                .replace("SignedHeaders=host", "SignedHeaders=host;x-amz-security-token"),
            exception(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
        ),
        (
            good.replace("us-east-1", "eu-west-1"),
            exception("InvalidSignatureException", "Credential should be scoped to a valid region. "),
        ),
        (
            good.replace("/dynamodb/", "/kms/"),
            exception(
                "InvalidSignatureException",
                "Credential should be scoped to correct service: 'dynamodb'. ",
            ),
        ),
        (good.replace("\r\n\r\n{}", "\r\n\r\n[]"), exception("InvalidSignatureException", mismatch)),
        (
            good.replace(&format!("x-amz-date: {date}"), "x-amz-date: today"),
            exception(
                "IncompleteSignatureException",
                "Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601",
            ),
        ),
    ];
    let mut client = Client::connect(&door).await;
    for (call, expected) in cases {
        let heard = client.ask(call.as_bytes()).await;
        assert_eq!((heard.status, heard.text()), (400, expected.as_str()));
    }
    assert_eq!(client.ask(good.as_bytes()).await.text(), "{}");
}

#[tokio::test]
async fn old_and_future_signatures_are_refused() {
    let door = open(Limits::default()).await;
    let minute_ms = 60_000;
    for (at_ms, expected) in [
        (now_ms() - 16 * minute_ms, "Signature expired: "),
        (now_ms() + 16 * minute_ms, "Signature not yet current: "),
    ] {
        let heard = ask(&door, &signed_at(ECHO, b"{}", "", at_ms)).await;
        let start = format!(
            r##"{{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"{expected}"##
        );
        assert!(heard.text().starts_with(&start), "{}", heard.text());
    }
}
