//! Query.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::Select;

use super::answered::{ItemStream, Shape, chained, only, paged};
use super::{ClientError, EncryptedClient, Item};
use crate::search::Asked;
use crate::soundness::check_old_parameters;

impl EncryptedClient {
    /// Queries, and decrypts the items page by page as the stream is read. A limit is that of a page.
    ///
    /// # Errors
    /// [`ClientError`] where the request is not sound; what happens later comes with the stream.
    pub fn query(&self, input: QueryInputBuilder) -> Result<ItemStream, ClientError> {
        let (requests, shape) = self.sound_query(input)?;
        let client = self.clone();
        Ok(chained(requests, move |request| client.clone().query_pages(request, shape.clone())))
    }

    fn query_pages(self, request: QueryInputBuilder, shape: Shape) -> ItemStream {
        paged(request, move |input: QueryInputBuilder| {
            let (client, shape) = (self.clone(), shape.clone());
            async move {
                let (output, items) = client.query_page(input.clone(), &shape).await?;
                let next = output.last_evaluated_key.map(|key| input.set_exclusive_start_key(Some(key)));
                Ok((items, next))
            }
        })
    }

    /// One page of a query as the SDK answers it, its items decrypted. Unlike the stream it fails as a whole where
    /// an item is refused.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn query_once(&self, input: QueryInputBuilder) -> Result<QueryOutput, ClientError> {
        let (requests, shape) = self.sound_query(input)?;
        let (mut output, items) = self.query_page(only(requests)?, &shape).await?;
        if output.items.is_some() {
            let items = items.into_iter().collect::<Result<Vec<Item>, _>>()?;
            output.count = i32::try_from(items.len()).unwrap_or(i32::MAX);
            output.items = Some(items);
        }
        Ok(output)
    }

    async fn query_page(
        &self,
        input: QueryInputBuilder,
        shape: &Shape,
    ) -> Result<(QueryOutput, Vec<Result<Item, ClientError>>), ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        let mut output = input.send_with(&self.client).await?;
        let stored = output.items.as_mut().map(std::mem::take).unwrap_or_default();
        let items = self.opened_all(table, stored, shape).await;
        Ok((output, items))
    }

    /// The requests as DynamoDB is to be asked.
    fn sound_query(&self, input: QueryInputBuilder) -> Result<(Vec<QueryInputBuilder>, Shape), ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        check_old_parameters(&[
            ("KeyConditions", input.get_key_conditions().is_some()),
            ("QueryFilter", input.get_query_filter().is_some()),
            ("ConditionalOperator", input.get_conditional_operator().is_some()),
            ("AttributesToGet", input.get_attributes_to_get().is_some()),
        ])?;
        let asked = Asked {
            index: input.get_index_name().clone(),
            key_condition: input.get_key_condition_expression().clone(),
            filter: input.get_filter_expression().clone(),
            names: input.get_expression_attribute_names().clone().unwrap_or_default(),
            values: input.get_expression_attribute_values().clone().unwrap_or_default(),
        };
        let (requests, shape) = table.sound(asked, input.get_projection_expression().as_deref())?;
        let select = input.get_select().clone().filter(|select| *select != Select::SpecificAttributes);
        let whole = input.set_select(select).set_projection_expression(None);
        let requests = requests.into_iter().map(|asked| {
            let request = whole.clone().set_index_name(asked.index);
            request
                .set_key_condition_expression(asked.key_condition)
                .set_filter_expression(asked.filter)
                .set_expression_attribute_names(Some(asked.names).filter(|names| !names.is_empty()))
                .set_expression_attribute_values(Some(asked.values).filter(|values| !values.is_empty()))
        });
        Ok((requests.collect(), shape))
    }
}
