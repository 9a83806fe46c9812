//! How a table comes and goes, so that a crash at any step leaves it whole or gone.
//!
//! ```text
//! create   record CREATING ── keyspace created ── record ACTIVE ── answer
//! delete   record DELETING ── keyspace dropped ── record SHREDDING, without its wrapped key ── secrets shredded ── record removed
//! ```
//! A table that a crash left CREATING was promised to nobody: it is undone, by deleting it. One that was
//! left DELETING or SHREDDING is gone on with.

use std::sync::Arc;

use engine::KeyspaceId;
use env::random::random_bytes;
use envelope::{
    KeyDescription, KeyServiceError, Lease, LeaseError, OnBehalfOf, Sealing, UnwrappedKey, WrappedKey,
};
use service::{ApiError, CallContext};

use super::descriptor::{Billing, Descriptor, Encryption, RecordedKey, Size, Stage};
use super::encryption::WantedKey;
use super::gate::on_behalf_of;
use super::{KeySchema, Table, kms_errors, name};
use crate::DynamoDb;
use crate::error::{self, OpenError, chain, internal, table_in_use};
use crate::worker::to_the_end;

/// What a new table shall be.
pub struct NewTable {
    /// Its name.
    pub name: String,
    /// Its primary key.
    pub key_schema: KeySchema,
    /// How it is billed.
    pub billing: Billing,
    /// Whether `DeleteTable` is refused.
    pub deletion_protection: bool,
    /// Under which key it lies.
    pub key: WantedKey,
}

impl DynamoDb {
    /// Creates a table; it serves when this returns.
    ///
    /// # Errors
    /// `ResourceInUseException`, `LimitExceededException`, those of the KMS; then there is no such table.
    pub async fn create_table(&self, context: &CallContext, new: NewTable) -> Result<Arc<Table>, ApiError> {
        let (room, who) = (self.shared()?, on_behalf_of(context));
        to_the_end(async move { room.create(&who, new).await }).await
    }

    /// Deletes a table, for good; it is gone, and beyond recovery, when this returns. Returns the table as
    /// it was while it went.
    ///
    /// # Errors
    /// `ResourceInUseException`, `ValidationException` where it is protected.
    pub async fn delete_table(&self, table: &Table) -> Result<Arc<Table>, ApiError> {
        let deleting = self.catalog.change(table, begin_deletion).await?;
        let (room, going) = (self.shared()?, Arc::clone(&deleting));
        to_the_end(async move { room.finish_deletion(&going).await }).await?;
        Ok(deleting)
    }

    async fn create(&self, who: &OnBehalfOf, new: NewTable) -> Result<Arc<Table>, ApiError> {
        self.catalog.check_new(&new.name, self.config.max_tables)?;
        let key = self.find_key(who, &new.key).await.map_err(|refused| self.kms_refused(&refused))?;
        let keyspace = KeyspaceId::generate(&*self.env.random);
        let lease = self.table_keys.lease(keyspace);
        lease.hang_on([key.arn.as_str()]);
        let created = self.create_under(who, new, &key, keyspace, &lease).await;
        if created.is_err() {
            self.table_keys.forget(&lease).await;
        }
        created
    }

    async fn create_under(
        &self,
        who: &OnBehalfOf,
        new: NewTable,
        key: &KeyDescription,
        keyspace: KeyspaceId,
        lease: &Arc<Lease>,
    ) -> Result<Arc<Table>, ApiError> {
        let context = self.encryption_context(&new.name);
        let generated = self.table_keys.generate(lease, who, &key.arn, &context).await;
        let (table_key, wrapped) = generated.map_err(|error| error::lease(error, &*self.env.random))?;
        let creating = self.record(new, key, keyspace, lease, &wrapped).await?;
        let active = match self.create_keyspace(who, &creating, table_key).await {
            Ok(()) => self.catalog.change(&creating, enter(Stage::Active)).await,
            Err(error) => Err(error.into_api(&*self.env.random)),
        };
        if active.is_err() {
            self.undo_creation(&creating).await;
        }
        active
    }

    /// A key that was overtaken is asked for once more: the KMS says why.
    async fn create_keyspace(
        &self,
        who: &OnBehalfOf,
        creating: &Table,
        key: UnwrappedKey,
    ) -> Result<(), OpenError> {
        match self.table_keys.create(creating.lease(), key).await {
            Err(LeaseError::Overtaken) => {
                let recorded = &creating.descriptor().encryption.table_key;
                let key = self.unwrap_recorded(who, creating, recorded).await?;
                Ok(self.table_keys.create(creating.lease(), key).await?)
            }
            created => Ok(created?),
        }
    }

    async fn record(
        &self,
        new: NewTable,
        key: &KeyDescription,
        keyspace: KeyspaceId,
        lease: &Arc<Lease>,
        wrapped: &WrappedKey,
    ) -> Result<Arc<Table>, ApiError> {
        let mut descriptor = self.descriptor(new, keyspace, key);
        let record = serde_json::to_vec(wrapped).map_err(|error| internal(&error))?;
        let name = descriptor.name.clone();
        let make = |sealing: &Sealing<'_>| {
            let sealed = sealing.seal(&record, &descriptor.key_binding());
            descriptor.encryption.table_key.wrapped = Some(sealed);
            let arn = name::arn(&self.config, &descriptor.name);
            Table::new(descriptor, arn, Arc::clone(lease))
        };
        self.catalog.insert(&self.shredder, &name, self.config.max_tables, make).await
    }

    fn descriptor(&self, new: NewTable, keyspace: KeyspaceId, key: &KeyDescription) -> Descriptor {
        let random = &*self.env.random;
        Descriptor {
            name: new.name,
            id: uuid::Builder::from_random_bytes(random_bytes(random)).into_uuid(),
            keyspace,
            key_schema: new.key_schema,
            partition_hash_key: random_bytes::<32>(random).to_vec(),
            created_ms: self.env.clock.now_ms(),
            stage: Stage::Creating,
            billing: new.billing,
            deletion_protection: new.deletion_protection,
            encryption: Encryption {
                table_key: RecordedKey { manager: key.manager, kms_key_arn: key.arn.clone(), wrapped: None },
                pending: None,
                changes_ms: Vec::new(),
                inaccessible_since_ms: None,
            },
            size: Size::default(),
        }
    }

    /// Undoes a creation that did not come to its end; where that fails too, it is tried again later.
    pub(crate) async fn undo_creation(&self, table: &Table) {
        let begun = self.catalog.change(table, enter(Stage::Deleting)).await;
        let undone = match begun {
            Ok(deleting) => self.finish_deletion(&deleting).await,
            Err(error) => Err(error),
        };
        if let Err(error) = undone {
            tracing::warn!(table = table.name(), error = ?error.code, "a creation is to be undone later");
        }
    }

    /// Goes on with the deletion of a table that is marked as being deleted.
    ///
    /// # Errors
    /// `InternalServerError`; may be called again.
    pub(crate) async fn finish_deletion(&self, table: &Table) -> Result<(), ApiError> {
        self.remove_data(table).await?;
        self.shred_forgotten().await
    }

    async fn remove_data(&self, table: &Table) -> Result<(), ApiError> {
        let _turn = table.turn().lock().await;
        if self.catalog.again(table).is_none() {
            return Ok(());
        }
        self.table_keys.forget(table.lease()).await;
        self.engine.drop_keyspace(table.keyspace()).await.map_err(|error| internal(&error))?;
        self.catalog.change(table, forget_keys).await.map(drop)
    }

    /// Makes the deletion of all tables that are gone final. Whoever comes while another one shreds finds
    /// the work done.
    ///
    /// # Errors
    /// `InternalServerError`; may be called again.
    pub(crate) async fn shred_forgotten(&self) -> Result<(), ApiError> {
        let _turn = self.shredding.lock().await;
        let forgotten = self.catalog.shredding();
        if forgotten.is_empty() {
            return Ok(());
        }
        self.shredder.shred().await.map_err(|error| internal(&error))?;
        for table in forgotten {
            if let Err(error) = self.catalog.remove(&table).await {
                tracing::warn!(reason = %chain(&error), "the record of a deleted table stays for now");
            }
        }
        Ok(())
    }

    pub(super) fn kms_refused(&self, refusal: &KeyServiceError) -> ApiError {
        kms_errors::exception(refusal, &*self.env.random)
    }
}

fn begin_deletion(table: &mut Descriptor) -> Result<(), ApiError> {
    check_not_changing(table)?;
    let is_accessible = table.encryption.inaccessible_since_ms.is_none();
    if table.encryption.pending.is_some() && is_accessible {
        return Err(being_updated(&table.name));
    }
    if table.deletion_protection {
        return Err(ApiError::validation(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion \
             protection first.",
        ));
    }
    table.stage = Stage::Deleting;
    Ok(())
}

fn forget_keys(table: &mut Descriptor) -> Result<(), ApiError> {
    table.encryption.pending = None;
    table.encryption.table_key.wrapped = None;
    enter(Stage::Shredding)(table)
}

fn enter(stage: Stage) -> impl FnOnce(&mut Descriptor) -> Result<(), ApiError> {
    move |table| {
        table.stage = stage;
        Ok(())
    }
}

/// Whether a table may be changed or deleted: it is neither coming nor going.
///
/// # Errors
/// `ResourceInUseException`.
pub fn check_not_changing(table: &Descriptor) -> Result<(), ApiError> {
    match table.stage {
        Stage::Active => Ok(()),
        Stage::Creating => Err(table_in_use(&format!("Table is being created: {}", table.name))),
        Stage::Deleting | Stage::Shredding => {
            Err(table_in_use(&format!("Table is being deleted: {}", table.name)))
        }
    }
}

/// `ResourceInUseException`: the table is changing its key.
#[must_use]
pub fn being_updated(name: &str) -> ApiError {
    table_in_use(&format!("Table: {name} is in the process of being updated."))
}
