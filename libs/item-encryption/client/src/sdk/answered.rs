//! Items of answers, decrypted.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, Stream, StreamExt};
use item_encryption_format::TableConfig;

use super::{ClientError, EncryptedClient, Item, Table};
use crate::expression::used_names;
use crate::many::decrypt_stream;
use crate::search::{Asked, Fits};
use crate::soundness::{self, Unsound, check_search};

/// Items as they come. A refused item is an error in its place, the others go on; where a page does not come, the
/// stream ends with the error.
pub type ItemStream = Pin<Box<dyn Stream<Item = Result<Item, ClientError>> + Send>>;

/// What was asked of an item beyond being decrypted.
#[derive(Clone, Default)]
pub struct Shape {
    /// The attributes that were asked for.
    pub projection: Option<Vec<String>>,
    /// What it must fit.
    pub fits: Option<Arc<Fits<AttributeValue>>>,
    /// The keys of what several requests have found so far, since an item may come with more than one.
    seen: Option<Arc<Mutex<HashSet<Vec<String>>>>>,
}

impl Shape {
    /// Of a projection.
    pub fn projected(
        expression: Option<&str>,
        names: Option<&HashMap<String, String>>,
    ) -> Result<Self, ClientError> {
        let none = HashMap::new();
        let projection = soundness::projection(expression, names.unwrap_or(&none))?;
        Ok(Self { projection, fits: None, seen: None })
    }

    /// The item as asked for; `None` where it does not fit, or came before.
    pub fn found(&self, item: Item, table: &TableConfig) -> Result<Option<Item>, ClientError> {
        if let Some(fits) = &self.fits
            && !fits(&item)?
        {
            return Ok(None);
        }
        if let Some(seen) = &self.seen {
            let key: Vec<String> = table.keys().map(|name| format!("{:?}", item.get(name))).collect();
            if !seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
                return Ok(None);
            }
        }
        Ok(Some(self.cut(item)))
    }

    /// The attributes that were asked for.
    pub fn cut(&self, mut item: Item) -> Item {
        if let Some(projection) = &self.projection {
            item.retain(|name, _| projection.contains(name));
        }
        item
    }
}

/// The one request that answers as a whole can be asked for.
pub fn only<I>(mut requests: Vec<I>) -> Result<I, ClientError> {
    match (requests.pop(), requests.is_empty()) {
        (Some(request), true) => Ok(request),
        _ => Err(Unsound::Search("it takes several requests; read it as a stream".to_owned()).into()),
    }
}

/// The items of the pages of several requests, one request after the other.
pub fn chained<I: Send + 'static>(
    requests: Vec<I>,
    items: impl Fn(I) -> ItemStream + Send + 'static,
) -> ItemStream {
    stream::iter(requests).flat_map(items).boxed()
}

/// The items of pages: `fetch` answers a request with its items and the request for the next page.
pub fn paged<I, F, A>(first: I, fetch: F) -> ItemStream
where
    I: Send + 'static,
    F: Fn(I) -> A + Send + 'static,
    A: Future<Output = Result<(Vec<Result<Item, ClientError>>, Option<I>), ClientError>> + Send + 'static,
{
    let pages = stream::unfold((Some(first), fetch), async |(request, fetch)| match fetch(request?).await {
        Ok((items, next)) => Some((items, (next, fetch))),
        Err(error) => Some((vec![Err(error)], (None, fetch))),
    });
    pages.flat_map(stream::iter).boxed()
}

impl Table {
    /// What queries or scans may ask of the stored items, at least one, and the shape of what is answered.
    pub fn sound(
        &self,
        asked: Asked<AttributeValue>,
        projection: Option<&str>,
    ) -> Result<(Vec<Asked<AttributeValue>>, Shape), ClientError> {
        let mut shape = Shape::projected(projection, Some(&asked.names))?;
        let mut requests = vec![asked];
        if let Some(search) = &self.search {
            let asked = requests.remove(0);
            let rewritten = search.rewrite(asked)?;
            requests = rewritten.requests;
            shape.fits = rewritten.fits.map(Arc::new);
            shape.seen = (requests.len() > 1).then(Arc::default);
        }
        for asked in &mut requests {
            let expressions = [asked.key_condition.as_deref(), asked.filter.as_deref()];
            for expression in expressions {
                check_search(expression, &asked.names, self.config())?;
            }
            asked.names = used_names(&expressions, &asked.names);
        }
        Ok((requests, shape))
    }

    /// What became of a write; the item that a failed condition met is decrypted, and left out where it does not open.
    pub async fn met<T, E>(&self, sent: Result<T, SdkError<E>>) -> Result<T, ClientError>
    where
        aws_sdk_dynamodb::Error: From<SdkError<E>>,
    {
        let mut error = match sent {
            Ok(output) => return Ok(output),
            Err(error) => ClientError::from(error),
        };
        if let ClientError::DynamoDb(refused) = &mut error
            && let aws_sdk_dynamodb::Error::ConditionalCheckFailedException(failed) = &mut **refused
        {
            self.met_item(&mut failed.item).await;
        }
        Err(error)
    }

    /// The item that a condition did not hold of, decrypted; left out where it does not open.
    pub async fn met_item(&self, item: &mut Option<Item>) {
        if let Some(met) = item.take() {
            *item = self.opened(met).await.ok();
        }
    }

    /// An item as it is.
    pub async fn opened(&self, item: Item) -> Result<Item, ClientError> {
        Ok(self.codec.decrypt(item).await?.item)
    }

    /// An item that an answer may have.
    pub async fn opened_in(&self, item: Option<Item>) -> Result<Option<Item>, ClientError> {
        match item {
            Some(item) => Ok(Some(self.opened(item).await?)),
            None => Ok(None),
        }
    }
}

impl EncryptedClient {
    /// Decrypts the items of an answer, over the cores; what does not fit is dropped.
    pub(super) async fn opened_all(
        &self,
        table: &Table,
        items: Vec<Item>,
        shape: &Shape,
    ) -> Vec<Result<Item, ClientError>> {
        let opened = decrypt_stream(Arc::clone(&table.codec), stream::iter(items), self.tasks);
        let shaped = opened.filter_map(async |opened| match opened {
            Ok(opened) => shape.found(opened.item, table.config()).transpose(),
            Err(error) => Some(Err(error.into())),
        });
        shaped.collect().await
    }
}
