//! What becomes due with time.

use crate::error::KmsError;
use crate::service::Kms;

impl Kms {
    /// Does what is due: keys whose deletion window has ended are deleted with their aliases, and their
    /// material is shredded. Nobody sees such a key from the moment its window ends; this makes it final.
    /// Returns how many keys were deleted.
    ///
    /// # Errors
    /// [`KmsError::Internal`]; a later call goes on where this one stopped.
    pub async fn tick(&self) -> Result<usize, KmsError> {
        self.transitions.delete_due().await
    }
}
