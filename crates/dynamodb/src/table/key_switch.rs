//! Changing the key of a table: a new table key, the data encryption keys wrapped again, no data rewritten.
//!
//! ```text
//!            recorded: table key, pending      the engine's keyspace lies under
//!   begin        old          new                        old                     answered: UPDATING
//!   switch       old          new                        new
//!   finish       new           -                         new                     ENABLED
//! ```
//! Whatever stops it, the engine opens the keyspace under exactly one of both recorded keys, and says which;
//! so it is gone on with from the record and the engine alone. A new KMS key that became unusable before the
//! engine took its table key is given up, and the table stays with its old one.

use std::sync::Arc;

use envelope::{KeyDescription, KeyManager, OnBehalfOf, WrappedKey};
use service::{ApiError, CallContext};

use super::Table;
use super::descriptor::{Descriptor, RecordedKey, Stage};
use super::encryption::{WantedKey, within_a_day};
use super::gate::{MAX_ATTEMPTS, by_itself, on_behalf_of};
use super::life::{being_updated, check_not_changing};
use crate::DynamoDb;
use crate::error::{self, OpenError, internal, invalid_parameters};
use crate::worker::{in_background, told};

/// What became of a request for another key.
pub enum Change {
    /// The table lies under the wanted key already, however it was named; nothing is done.
    None(Arc<Table>),
    /// It is under way.
    Begun(Arc<Table>),
}

/// Which of both keys the engine opened the keyspace with.
enum Opened {
    /// The old one: it has not switched yet.
    Old,
    /// The new one: it has switched.
    New,
    /// The old one, and the new one cannot be had any more.
    OldForGood,
}

impl DynamoDb {
    /// Begins to put a table under another key and goes on in the background.
    ///
    /// A request that names the table's own key by id or alias does nothing and costs no quota; naming it by
    /// its exact ARN is refused, as AWS refuses it.
    ///
    /// # Errors
    /// `ResourceInUseException`, `LimitExceededException`, `ValidationException`, those of the KMS, among
    /// them the one for a table whose present key is unusable; the table is then as it was.
    pub async fn change_key(
        &self,
        context: &CallContext,
        table: &Table,
        wanted: WantedKey,
    ) -> Result<Change, ApiError> {
        let who = on_behalf_of(context);
        let _turn = table.turn().lock().await;
        let table = self.catalog.again(table).ok_or_else(|| error::table_gone(table.name()))?;
        check_may_change_key(table.descriptor())?;
        check_is_another(&table, &wanted)?;
        let found = self.find_key(&who, &wanted).await;
        let present = &table.descriptor().encryption.table_key.kms_key_arn;
        if found.as_ref().is_ok_and(|found| found.arn == *present) {
            return self.reach_old_key(&who, table).await.map(Change::None);
        }
        self.check_quota(table.descriptor(), &wanted)?;
        let table = self.reach_old_key(&who, table).await?;
        let new = found.map_err(|refused| self.kms_refused(&refused))?;
        self.begin_switch(&who, table, &new).await.map(Change::Begun)
    }

    /// Goes on with a change of key, from wherever it stopped. Does nothing where there is none.
    ///
    /// # Errors
    /// What stands in the way; may be called again.
    pub(crate) async fn finish_switch(&self, table: &Table) -> Result<(), ApiError> {
        let _turn = table.turn().lock().await;
        for _ in 1..MAX_ATTEMPTS {
            let Some(current) = self.catalog.again(table) else { return Ok(()) };
            let resumed = self.resume_switch(&current).await;
            // A record that was written meanwhile, its secrets sealed again, may be why it failed.
            if resumed.is_ok() || self.catalog.is_current(&current) {
                return resumed;
            }
        }
        match self.catalog.again(table) {
            Some(current) => self.resume_switch(&current).await,
            None => Ok(()),
        }
    }

    fn check_quota(&self, table: &Descriptor, wanted: &WantedKey) -> Result<(), ApiError> {
        if *wanted == WantedKey::Owned {
            return Ok(());
        }
        self.config.key_changes.check(&table.encryption.changes_ms, self.env.clock.now_ms())
    }

    /// The old key is needed to wrap the data encryption keys again.
    async fn reach_old_key(&self, who: &OnBehalfOf, table: Arc<Table>) -> Result<Arc<Table>, ApiError> {
        if table.lease().runs_at(self.env.clock.now_ms()) {
            return Ok(table);
        }
        self.renew_lease(who, table).await.map(Into::into)
    }

    async fn begin_switch(
        &self,
        who: &OnBehalfOf,
        table: Arc<Table>,
        new: &KeyDescription,
    ) -> Result<Arc<Table>, ApiError> {
        let old_arn = table.descriptor().encryption.table_key.kms_key_arn.as_str();
        table.lease().hang_on([old_arn, &new.arn]);
        let begun = self.record_pending(who, &table, new).await;
        match &begun {
            Ok(begun) => self.finish_switch_later(Arc::clone(begun))?,
            Err(_) => table.hang_lease(),
        }
        begun
    }

    /// The key itself is dropped here and fetched again when it is needed, so that a change that goes on in
    /// the background and one that goes on after a crash are the same.
    async fn record_pending(
        &self,
        who: &OnBehalfOf,
        table: &Table,
        new: &KeyDescription,
    ) -> Result<Arc<Table>, ApiError> {
        let context = self.encryption_context(table.name());
        let generated = self.table_keys.generate(table.lease(), who, &new.arn, &context).await;
        let (_, wrapped) = generated.map_err(|error| error::lease(error, &*self.env.random))?;
        self.record_wrapped(table, new, &wrapped).await
    }

    async fn record_wrapped(
        &self,
        table: &Table,
        new: &KeyDescription,
        wrapped: &WrappedKey,
    ) -> Result<Arc<Table>, ApiError> {
        let record = serde_json::to_vec(wrapped).map_err(|error| internal(&error))?;
        let now_ms = self.env.clock.now_ms();
        let begin = |table: &mut Descriptor, sealing: &envelope::Sealing<'_>| {
            check_may_change_key(table)?;
            let wrapped = Some(sealing.seal(&record, &table.key_binding()));
            let encryption = &mut table.encryption;
            encryption.pending =
                Some(RecordedKey { manager: new.manager, kms_key_arn: new.arn.clone(), wrapped });
            encryption.changes_ms = within_a_day(&encryption.changes_ms, now_ms).to_vec();
            encryption.changes_ms.push(now_ms);
            Ok(())
        };
        self.catalog.change_sealing(&self.shredder, table, begin).await
    }

    fn finish_switch_later(&self, table: Arc<Table>) -> Result<(), ApiError> {
        let room = self.shared()?;
        in_background(async move {
            told("a change of key", table.name(), room.finish_switch(&table).await);
        });
        Ok(())
    }

    async fn resume_switch(&self, table: &Table) -> Result<(), ApiError> {
        let Some(pending) = &table.descriptor().encryption.pending else { return Ok(()) };
        if table.descriptor().stage != Stage::Active {
            return Ok(());
        }
        match self.open_with_either(table, pending).await.map_err(|error| self.not_opened(error))? {
            Opened::New => self.finish(table).await,
            Opened::OldForGood => self.give_up(table).await,
            Opened::Old => {
                self.switch(table, pending).await.map_err(|error| self.not_opened(error))?;
                self.finish(table).await
            }
        }
    }

    async fn switch(&self, table: &Table, pending: &RecordedKey) -> Result<(), OpenError> {
        let key = self.unwrap_recorded(&by_itself(), table, pending).await?;
        Ok(self.table_keys.switch(table.lease(), key).await?)
    }

    fn not_opened(&self, error: OpenError) -> ApiError {
        error.into_api(&*self.env.random)
    }

    /// Finds out which of both keys opens the keyspace.
    async fn open_with_either(&self, table: &Table, pending: &RecordedKey) -> Result<Opened, OpenError> {
        let old = &table.descriptor().encryption.table_key;
        match self.open_with(table, pending).await {
            Ok(()) => Ok(Opened::New),
            Err(error) if error.is_wrong_key() => self.open_with(table, old).await.map(|()| Opened::Old),
            Err(error) if error.refusal().is_some() => match self.open_with(table, old).await {
                Ok(()) => Ok(Opened::OldForGood),
                Err(old) if old.is_wrong_key() => Ok(Opened::New),
                Err(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn open_with(&self, table: &Table, recorded: &RecordedKey) -> Result<(), OpenError> {
        let key = self.unwrap_recorded(&by_itself(), table, recorded).await?;
        Ok(self.table_keys.open(table.lease(), key).await?)
    }

    /// Records that the engine has switched. Whether the table is accessible is now the new key's affair:
    /// it is, where the keyspace is open.
    async fn finish(&self, table: &Table) -> Result<(), ApiError> {
        let now_ms = self.env.clock.now_ms();
        let finish = |descriptor: &mut Descriptor| {
            let encryption = &mut descriptor.encryption;
            encryption.table_key = encryption.pending.take().unwrap_or(encryption.table_key.clone());
            encryption.inaccessible_since_ms = match table.lease().is_open() {
                true => None,
                false => encryption.inaccessible_since_ms.or(Some(now_ms)),
            };
            Ok(())
        };
        self.catalog.change(table, finish).await?.hang_lease();
        Ok(())
    }

    async fn give_up(&self, table: &Table) -> Result<(), ApiError> {
        tracing::warn!(table = table.name(), "the new key is unusable; the table stays with its old one");
        let give_up = |table: &mut Descriptor| {
            table.encryption.pending = None;
            Ok(())
        };
        self.catalog.change(table, give_up).await?.hang_lease();
        Ok(())
    }
}

fn check_may_change_key(table: &Descriptor) -> Result<(), ApiError> {
    check_not_changing(table)?;
    match table.encryption.pending {
        Some(_) => Err(being_updated(&table.name)),
        None => Ok(()),
    }
}

fn check_is_another(table: &Table, wanted: &WantedKey) -> Result<(), ApiError> {
    let encryption = &table.descriptor().encryption;
    let present = &encryption.table_key;
    match wanted {
        WantedKey::Owned if present.manager == KeyManager::ServiceOwned => {
            Err(invalid_parameters("Table is already encrypted by default"))
        }
        WantedKey::Named(arn) if *arn == present.kms_key_arn => {
            Err(invalid_parameters(match encryption.inaccessible_since_ms {
                Some(_) => "Table is already encrypted with given KMSMasterKey",
                None => {
                    "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if \
                     you want to change Master Key"
                }
            }))
        }
        _ => Ok(()),
    }
}
