//! Query.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::answered::ItemStream;
use super::pages::page_request;
use super::{ClientError, EncryptedClient, Item};
use crate::search::Asked;

page_request!(
    QueryInputBuilder, QueryOutput,
    old: [
        "KeyConditions" get_key_conditions, "QueryFilter" get_query_filter,
        "ConditionalOperator" get_conditional_operator, "AttributesToGet" get_attributes_to_get
    ],
    key_condition: |query: &Self| query.get_key_condition_expression().clone(), Self::set_key_condition_expression
);

impl EncryptedClient {
    /// Queries, and decrypts the items page by page as the stream is read. A limit is that of a page.
    ///
    /// # Errors
    /// [`ClientError`] where the request is not sound; what happens later comes with the stream.
    pub fn query(&self, input: QueryInputBuilder) -> Result<ItemStream, ClientError> {
        self.item_stream(input)
    }

    /// One page of a query as the SDK answers it, its items decrypted. Unlike the stream it fails as a whole where
    /// an item is refused.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn query_once(&self, input: QueryInputBuilder) -> Result<QueryOutput, ClientError> {
        self.one_page(input).await
    }
}
