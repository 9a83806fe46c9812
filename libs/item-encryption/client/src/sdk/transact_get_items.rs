//! TransactGetItems.

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsOutput;
use aws_sdk_dynamodb::operation::transact_get_items::builders::TransactGetItemsInputBuilder;
use aws_sdk_dynamodb::types::{Get, ItemResponse};

use super::answered::Shape;
use super::{ClientError, EncryptedClient};

impl EncryptedClient {
    /// Gets items of one or more tables as they were at one moment, and decrypts them.
    ///
    /// # Errors
    /// [`ClientError`]; as a whole where an item is refused.
    pub async fn transact_get_items(
        &self,
        input: TransactGetItemsInputBuilder,
    ) -> Result<TransactGetItemsOutput, ClientError> {
        let mut asked = input.get_transact_items().clone().unwrap_or_default();
        let gets = asked.iter_mut().filter_map(|part| part.get.as_mut());
        let wanted = gets.map(|get| self.whole(get)).collect::<Result<Vec<_>, _>>()?;
        let mut output = input.set_transact_items(Some(asked)).send_with(&self.client).await?;
        let responses = output.responses.iter_mut().flatten();
        for (ItemResponse { item, .. }, (table, shape)) in responses.zip(wanted) {
            let opened = self.known(Some(&table))?.opened_in(item.take()).await?;
            *item = opened.map(|item| shape.cut(item));
        }
        Ok(output)
    }

    /// Asks for a whole item; answers its table, and what was asked for.
    fn whole(&self, get: &mut Get) -> Result<(String, Shape), ClientError> {
        self.known(Some(&get.table_name))?;
        let (expression, names) = (get.projection_expression.take(), get.expression_attribute_names.take());
        Ok((get.table_name.clone(), Shape::projected(expression.as_deref(), names.as_ref())?))
    }
}
