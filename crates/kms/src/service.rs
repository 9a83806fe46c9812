//! The room: what an operation finds in its hands, and the list of operations.

use std::sync::Arc;

use crypto::SecretKey;
use engine::Engine;
use env::Env;
use envelope::Shredder;
use service::Route;
use service::pipeline::Room;
use service::wire::{Protocol, Wire};

use crate::key_id::Home;
use crate::operations as op;
use crate::page::Markers;
use crate::store::{OpenError, Store};
use crate::transition::Transitions;

/// The envelope of the API.
pub const WIRE: Wire = Wire {
    protocol: Protocol::Json11,
    target: "TrentService",
    signing_name: "kms",
    event_source: "kms.amazonaws.com",
};

/// The operations that work.
pub const OPERATIONS: &[Route<Kms>] = &[
    Route::to::<op::cancel_key_deletion::CancelKeyDeletion>(),
    Route::to::<op::create_alias::CreateAlias>(),
    Route::to::<op::create_key::CreateKey>(),
    Route::to::<op::decrypt::Decrypt>(),
    Route::to::<op::delete_alias::DeleteAlias>(),
    Route::to::<op::describe_key::DescribeKey>(),
    Route::to::<op::disable_key::DisableKey>(),
    Route::to::<op::enable_key::EnableKey>(),
    Route::to::<op::encrypt::Encrypt>(),
    Route::to::<op::generate_data_key::GenerateDataKey>(),
    Route::to::<op::generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext>(),
    Route::to::<op::generate_random::GenerateRandom>(),
    Route::to::<op::get_key_policy::GetKeyPolicy>(),
    Route::to::<op::list_aliases::ListAliases>(),
    Route::to::<op::list_key_policies::ListKeyPolicies>(),
    Route::to::<op::list_keys::ListKeys>(),
    Route::to::<op::list_resource_tags::ListResourceTags>(),
    Route::to::<op::re_encrypt::ReEncrypt>(),
    Route::to::<op::schedule_key_deletion::ScheduleKeyDeletion>(),
    Route::to::<op::tag_resource::TagResource>(),
    Route::to::<op::untag_resource::UntagResource>(),
    Route::to::<op::update_alias::UpdateAlias>(),
    Route::to::<op::update_key_description::UpdateKeyDescription>(),
];

/// The operations of the API that are refused by name.
pub const NOT_YET: &[&str] = &[
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "CreateGrant",
    "Decapsulate",
    "DeleteCustomKeyStore",
    "DeleteImportedKeyMaterial",
    "DeriveSharedSecret",
    "DescribeCustomKeyStores",
    "DisableKeyRotation",
    "DisconnectCustomKeyStore",
    "EnableKeyRotation",
    "Encapsulate",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "GetKeyLastUsage",
    "GetKeyRotationStatus",
    "GetParametersForImport",
    "GetPublicKey",
    "ImportKeyMaterial",
    "ListGrants",
    "ListKeyRotations",
    "ListRetirableGrants",
    "PutKeyPolicy",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "Sign",
    "UpdateCustomKeyStore",
    "UpdatePrimaryRegion",
    "Verify",
    "VerifyMac",
];

/// The service, for the router.
#[must_use]
pub fn service(room: Arc<Kms>) -> Room<Kms> {
    Room { room, routes: OPERATIONS, not_yet: NOT_YET, wire: WIRE }
}

/// The room.
pub struct Kms {
    pub(crate) env: Env,
    pub(crate) home: Home,
    pub(crate) markers: Markers,
    pub(crate) store: Arc<Store>,
    pub(crate) transitions: Arc<Transitions>,
}

impl Kms {
    /// Opens the room over the open keyspace [`crate::store::KEYSPACE`], and makes it a holder of the
    /// shredder's secrets. `marker_key` authenticates the markers of pages.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        env: Env,
        engine: Arc<dyn Engine>,
        shredder: Arc<Shredder>,
        home: Home,
        marker_key: &SecretKey,
    ) -> Result<Arc<Self>, OpenError> {
        let store = Store::open(env.clone(), engine, shredder).await?;
        let transitions = Transitions::of(Arc::clone(&store), home.clone());
        Ok(Arc::new(Self { env, home, markers: Markers::new(marker_key), store, transitions }))
    }
}
