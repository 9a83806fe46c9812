//! Scan.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::answered::ItemStream;
use super::pages::page_request;
use super::{ClientError, EncryptedClient, Item};
use crate::search::Asked;

page_request!(
    ScanInputBuilder, ScanOutput,
    old: [
        "ScanFilter" get_scan_filter, "ConditionalOperator" get_conditional_operator,
        "AttributesToGet" get_attributes_to_get
    ],
    key_condition: |_: &Self| None, |scan, _: Option<String>| -> Self { scan }
);

impl EncryptedClient {
    /// Scans, and decrypts the items page by page as the stream is read. A limit is that of a page.
    ///
    /// # Errors
    /// [`ClientError`] where the request is not sound; what happens later comes with the stream.
    pub fn scan(&self, input: ScanInputBuilder) -> Result<ItemStream, ClientError> {
        self.item_stream(input)
    }

    /// One page of a scan as the SDK answers it, its items decrypted. Unlike the stream it fails as a whole where
    /// an item is refused.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn scan_once(&self, input: ScanInputBuilder) -> Result<ScanOutput, ClientError> {
        self.one_page(input).await
    }
}
