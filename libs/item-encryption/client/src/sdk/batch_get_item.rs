//! BatchGetItem.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::answered::Shape;
use super::{ClientError, EncryptedClient, Item};
use crate::soundness::check_old_parameters;

impl EncryptedClient {
    /// Gets items of one or more tables and decrypts them. Keys that DynamoDB did not come to are in the answer with
    /// what was asked of their items, ready to be asked again.
    ///
    /// # Errors
    /// [`ClientError`]; as a whole where an item is refused.
    pub async fn batch_get_item(
        &self,
        input: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput, ClientError> {
        let given = input.get_request_items().clone().unwrap_or_default();
        let mut asked = given.clone();
        let mut shapes = HashMap::new();
        for (name, keys) in &mut asked {
            self.known(Some(name))?;
            shapes.insert(name.clone(), whole(keys)?);
        }
        let mut output = input.set_request_items(Some(asked)).send_with(&self.client).await?;
        for (name, items) in output.responses.iter_mut().flatten() {
            let shape = shapes.get(name).cloned().unwrap_or_default();
            let opened = self.opened_all(self.known(Some(name))?, std::mem::take(items), &shape).await;
            *items = opened.into_iter().collect::<Result<Vec<Item>, _>>()?;
        }
        for (name, left) in output.unprocessed_keys.iter_mut().flatten() {
            if let Some(given) = given.get(name) {
                as_given(left, given);
            }
        }
        Ok(output)
    }
}

/// Asks for whole items; the shape is what was asked for.
fn whole(keys: &mut KeysAndAttributes) -> Result<Shape, ClientError> {
    check_old_parameters(&[("AttributesToGet", keys.attributes_to_get.is_some())])?;
    let (expression, names) = (keys.projection_expression.take(), keys.expression_attribute_names.take());
    Shape::projected(expression.as_deref(), names.as_ref())
}

/// Asks of the items that are left what was asked of all.
fn as_given(left: &mut KeysAndAttributes, given: &KeysAndAttributes) {
    left.projection_expression.clone_from(&given.projection_expression);
    left.expression_attribute_names.clone_from(&given.expression_attribute_names);
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

    use super::{Item, as_given, whole};

    #[test]
    fn what_is_left_is_asked_again_with_its_projection() {
        let keys = |ids: &[&str]| {
            let key = |id: &&str| Item::from([("id".to_owned(), AttributeValue::S((*id).to_owned()))]);
            KeysAndAttributes::builder().set_keys(Some(ids.iter().map(key).collect())).consistent_read(true)
        };
        let projected = |ids| {
            keys(ids)
                .projection_expression("#b")
                .expression_attribute_names("#b", "body")
                .build()
                .expect("keys")
        };
        let (given, mut sent) = (projected(&["1", "2"]), projected(&["1", "2"]));
        let shape = whole(&mut sent).expect("it is sound");
        assert_eq!(
            (sent, shape.projection),
            (keys(&["1", "2"]).build().expect("keys"), Some(vec!["body".to_owned()]))
        );
        let mut left = keys(&["2"]).build().expect("keys");
        as_given(&mut left, &given);
        assert_eq!(left, projected(&["2"]));
    }
}
