//! `X-Amz-Target`: what is not an operation here.

use crate::row::{Row, bytes, call};
use crate::world::{self, GET_ITEM};

const UNKNOWN: &str = "UnknownOperationException";

#[test]
fn unknown_operations_are_refused_by_name() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let odd = [
        "DynamoDB_20120810.",
        "DynamoDB_20120810",
        "DynamoDB_20120810.getitem",
        "DynamoDB_20120810.GetItem.GetItem",
        "DynamoDB_20120810. GetItem",
        "dynamodb_20120810.GetItem",
        "DynamoDB_20111205.GetItem",
        "TrentService.",
        "TrentService.GetItem",
        "trentservice.ListKeys",
        ".GetItem",
        ".",
        "GetItem",
        "Nothing.Here",
        "AmazonSQS.SendMessage",
        "Strongroom_20261101.",
        "Strongroom_20261101.Nothing",
        "DynamoDBStreams_20120810.ListStreams",
    ];
    // Operations of the APIs that do not work yet: refused, not ignored.
    let not_yet = [
        "DynamoDB_20120810.ExecuteTransaction",
        "DynamoDB_20120810.BatchExecuteStatement",
        "DynamoDB_20120810.ExecuteStatement",
        "DynamoDB_20120810.CreateBackup",
        "DynamoDB_20120810.UpdateTimeToLive",
        "DynamoDB_20120810.TagResource",
        "DynamoDB_20120810.UpdateContinuousBackups",
        "TrentService.CreateGrant",
        "TrentService.PutKeyPolicy",
        "TrentService.EnableKeyRotation",
        "TrentService.Sign",
    ];
    let refused = |target: &&str| call(format!("target `{target}`"), target, GET_ITEM).is(UNKNOWN);
    let mut rows: Vec<Row> = odd.iter().chain(&not_yet).map(refused).collect();
    rows.push(without_target());
    rows.push(call("a target of 8 KB", &"a".repeat(8192), GET_ITEM).status(&[400, 431]));
    let clock = call(
        "the clock of a server without a test clock",
        "Strongroom_20261101.AdvanceClock",
        r#"{"Seconds":1}"#,
    );
    rows.push(clock.status(&[400, 403]));
    rows
}

fn without_target() -> Row {
    bytes("no target", |server| {
        let host = server.address().to_string();
        let request = server.request("", GET_ITEM).without("x-amz-target");
        server.signer("dynamodb").sign(request, &host).to_bytes(&host)
    })
    .is(UNKNOWN)
}
