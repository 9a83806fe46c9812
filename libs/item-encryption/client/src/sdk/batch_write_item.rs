//! BatchWriteItem.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, WriteRequest};
use item_encryption_format::dbesdk::HEADER;

use super::{ClientError, EncryptedClient, Item, Table};
use crate::many::encrypt_many;

impl EncryptedClient {
    /// Encrypts items and puts them, and deletes others, in one or more tables. Requests that DynamoDB did not come to
    /// are in the answer as they were given, not encrypted, ready to be sent again.
    ///
    /// # Errors
    /// [`ClientError`]; nothing is sent where an item is refused.
    pub async fn batch_write_item(
        &self,
        input: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput, ClientError> {
        let given = input.get_request_items().clone().unwrap_or_default();
        let mut sealed = HashMap::with_capacity(given.len());
        for (name, requests) in &given {
            sealed.insert(name.clone(), self.sealed(self.known(Some(name))?, requests.clone()).await?);
        }
        let headers: HashMap<_, _> =
            sealed.iter().map(|(name, sent)| (name.clone(), headers(sent))).collect();
        let mut output = input.set_request_items(Some(sealed)).send_with(&self.client).await?;
        for (name, left) in output.unprocessed_items.iter_mut().flatten() {
            if let Some((given, headers)) = given.get(name).zip(headers.get(name)) {
                as_given(left, given, headers);
            }
        }
        Ok(output)
    }

    async fn sealed(
        &self,
        table: &Table,
        mut requests: Vec<WriteRequest>,
    ) -> Result<Vec<WriteRequest>, ClientError> {
        let items = |request: &mut WriteRequest| {
            request.put_request.as_mut().map(|put| std::mem::take(&mut put.item))
        };
        let plain: Vec<Item> = requests.iter_mut().filter_map(items).collect();
        let mut sealed = encrypt_many(&table.codec, plain, self.tasks).await.into_iter();
        for put in requests.iter_mut().filter_map(|request| request.put_request.as_mut()) {
            put.item = sealed.next().transpose()?.unwrap_or_default();
        }
        Ok(requests)
    }
}

/// The headers of the items to be put; each is like no other.
fn headers(sent: &[WriteRequest]) -> Vec<Option<AttributeValue>> {
    let puts = sent.iter().map(|request| request.put_request.as_ref());
    puts.map(|put| put.and_then(|put| put.item.get(HEADER).cloned())).collect()
}

/// Puts in the place of encrypted items those that they were made of. The key would not tell them, since a number may
/// come back spelled otherwise.
fn as_given(left: &mut [WriteRequest], given: &[WriteRequest], headers: &[Option<AttributeValue>]) {
    for put in left.iter_mut().filter_map(|request| request.put_request.as_mut()) {
        let header = put.item.get(HEADER);
        let at = headers.iter().position(|known| known.is_some() && known.as_ref() == header);
        let made_of = at.and_then(|at| given.get(at)).and_then(|request| request.put_request.as_ref());
        if let Some(made_of) = made_of {
            put.item.clone_from(&made_of.item);
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};

    use super::{Item, as_given, headers};

    fn put(item: &Item) -> WriteRequest {
        let put = PutRequest::builder().set_item(Some(item.clone())).build().expect("it has an item");
        WriteRequest::builder().put_request(put).build()
    }

    #[test]
    fn what_is_left_comes_back_as_it_was_given_however_its_key_is_spelled() {
        let item = |number: &str| Item::from([("id".to_owned(), AttributeValue::N(number.to_owned()))]);
        let sealed = |number: &str, header: u8| {
            let mut sealed = item(number);
            sealed.insert("aws_dbe_head".to_owned(), AttributeValue::B(Blob::new([header])));
            sealed
        };
        let delete = DeleteRequest::builder().set_key(Some(item("3"))).build().expect("it has a key");
        let delete = WriteRequest::builder().delete_request(delete).build();
        let given = [put(&item("1.0")), delete.clone(), put(&item("2"))];
        let sent = [put(&sealed("1.0", 1)), delete.clone(), put(&sealed("2", 2))];
        let mut left = [put(&sealed("2", 2)), delete, put(&sealed("1", 1))];
        as_given(&mut left, &given, &headers(&sent));
        assert_eq!(left, [given[2].clone(), given[1].clone(), given[0].clone()]);
    }
}
