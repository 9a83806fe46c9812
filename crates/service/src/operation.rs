//! What an operation of an API is, and how a room lists its own.

use std::future::Future;

use futures::future::BoxFuture;
use serde::Serialize;

use crate::{ApiError, CallContext, Fields, pipeline};

/// Whether the audit trail counts an operation as management or as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// A management event: always recorded; a call whose event cannot be recorded fails.
    Management,
    /// A data event: recorded where somebody asks for it.
    Data,
}

/// One operation of the API of room `S`. Lives in `operations/<name>.rs` of its room.
pub trait Operation<S: Sync + 'static>: 'static {
    /// The operation's name in the API.
    const NAME: &'static str;
    /// What kind of event a call is.
    const KIND: OperationKind;
    /// Whether a call changes nothing.
    const READ_ONLY: bool;
    /// A request that cannot be wrong any more, as far as the request alone tells.
    type Input: Send;
    /// The answer; `()` is an empty body.
    type Output: Serialize + Send;

    /// Reads the request. Implementations end with [`Fields::finish`] before they use a value.
    ///
    /// # Errors
    /// What is wrong with the request, in AWS's words.
    fn parse(fields: Fields<'_>) -> Result<Self::Input, ApiError>;

    /// Does what was asked.
    ///
    /// # Errors
    /// An exception of the API.
    fn run(
        room: &S,
        context: &CallContext,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, ApiError>> + Send;
}

type Steps<S> = for<'a> fn(&'a S, &'a CallContext, &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, ApiError>>;

/// An operation's entry in the list of its room.
pub struct Route<S> {
    /// The operation's name in the API.
    pub name: &'static str,
    pub(crate) kind: OperationKind,
    pub(crate) read_only: bool,
    pub(crate) steps: Steps<S>,
}

impl<S: Sync + 'static> Route<S> {
    /// The entry of operation `O`.
    #[must_use]
    pub const fn to<O: Operation<S>>() -> Self {
        Self {
            name: O::NAME,
            kind: O::KIND,
            read_only: O::READ_ONLY,
            steps: |room, context, body| Box::pin(pipeline::parse_and_run::<S, O>(room, context, body)),
        }
    }
}
