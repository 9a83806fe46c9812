//! The client's example, over a live server and its KMS.

use aws_credential_types::Credentials;
use tests::Server;
use tests::server::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use crate::restored_table;

#[tokio::test]
async fn the_example_of_the_restored_table_tells_its_story_to_the_end() {
    let server = Server::start();
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "tests");
    restored_table::run(&server.endpoint(), credentials).await.unwrap();
}
