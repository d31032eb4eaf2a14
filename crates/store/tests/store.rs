//! What the store promises, on SQLite and on PostgreSQL: each promise once, run against both.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "store/agents.rs"]
mod agents;
#[path = "store/batches.rs"]
mod batches;
#[path = "store/calls.rs"]
mod calls;
#[path = "store/deliveries.rs"]
mod deliveries;
#[path = "store/idempotency.rs"]
mod idempotency;
#[path = "store/keys.rs"]
mod keys;
#[path = "store/listing.rs"]
mod listing;
#[path = "store/nodes.rs"]
mod nodes;
#[path = "store/objects.rs"]
mod objects;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/postgres_server.rs"]
mod postgres_server;
#[path = "store/promises.rs"]
mod promises;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/secrets.rs"]
mod secrets;
#[path = "store/sqlite.rs"]
mod sqlite;
#[path = "store/tenants.rs"]
mod tenants;
#[path = "store/writer.rs"]
mod writer;

use offhook_store::{Keyring, Store, Workspace};
use tempfile::TempDir;

const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// An empty database, and a folder for what a test writes beside it.
struct Place {
    address: String,
    folder: TempDir,
}

impl Place {
    fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("data/offhook.db");
        Self {
            address: format!("sqlite:{}", file.display()),
            folder,
        }
    }

    async fn open(&self) -> Store {
        self.open_with(MASTER_KEY).await.expect("the store opens")
    }

    async fn open_with(&self, keys: &str) -> Result<Store, offhook_store::OpenError> {
        let keyring = Keyring::from_text(keys, "the test").expect("keys");
        Store::open(&self.address, keyring).await
    }

    async fn workspace(&self) -> Workspace {
        workspace(&self.open().await, "acme").await
    }
}

async fn workspace(store: &Store, name: &str) -> Workspace {
    let record = store.workspace_or_new(name).await.expect("a workspace");
    store.workspace(&record.id)
}

/// Every promise, as a test on SQLite and as a part of one test on PostgreSQL, whose server starts
/// once for all of them.
macro_rules! promises {
    ($($module:ident::$promise:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$module::$promise(super::Place::on_sqlite()).await;
            })*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn on_postgresql() {
            let server = postgres::Server::start();
            $(
                println!(stringify!($promise));
                $module::$promise(server.place(stringify!($promise))).await;
            )*
        }
    };
}

promises! {
    agents::an_agent_is_read_back_as_it_was_written,
    agents::every_writing_is_a_revision,
    agents::old_revisions_go,
    agents::a_stale_writer_is_told,
    agents::of_a_hundred_writers_that_read_the_same_one_wins,
    agents::writers_that_read_again_lose_nothing,
    agents::a_deleted_agent_is_gone_and_its_calls_stay,
    batches::a_batch_is_begun_at_its_pace,
    batches::a_batch_is_taken_back_and_tried_again,
    batches::batches_are_listed_and_deleted,
    calls::a_call_is_written_down_as_it_goes_on,
    calls::calls_are_listed_by_agent_and_status,
    calls::a_call_moves_on_once_and_only_from_where_it_stands,
    calls::calls_are_found_by_what_is_known_of_them,
    calls::a_call_takes_notes_and_is_deleted_once_it_is_over,
    calls::calls_that_a_dead_server_left_have_failed,
    deliveries::a_delivery_is_tried_until_it_is_made_or_given_up,
    deliveries::deliveries_are_listed_and_counted,
    deliveries::calls_of_whose_end_nobody_was_told_are_found,
    idempotency::a_request_that_comes_twice_is_done_once,
    keys::a_key_opens_its_workspace_until_it_is_revoked,
    keys::keys_begin_as_their_dialect_has_them,
    listing::every_page_together_is_the_list,
    listing::agents_are_found_by_a_part_of_their_name,
    nodes::calls_of_other_servers_count_as_long_as_those_run,
    nodes::calls_of_a_day_count_once,
    objects::objects_are_kept_by_kind_with_their_revisions,
    objects::digits_are_found_in_every_workspace,
    promises::a_promise_is_tried_when_it_is_due,
    promises::a_promise_is_tried_until_it_is_kept_or_given_up,
    promises::a_claim_that_is_overtaken_begins_nothing,
    promises::of_many_servers_one_has_a_promise,
    promises::promises_that_wait_are_edited,
    promises::promises_are_taken_back,
    promises::what_follows_a_missed_call_is_written_with_it,
    retention::what_was_said_is_deleted_when_its_time_is_over,
    retention::what_is_deleted_is_not_written_again,
    retention::two_servers_delete_each_call_once,
    retention::recordings_are_found_by_whoever_has_the_file,
    retention::a_retention_is_given_to_calls_of_before,
    retention::agents_are_sieved_by_their_text,
    retention::what_webhooks_were_sent_goes_with_the_call,
    secrets::a_secret_is_kept_and_changed_and_forgotten,
    secrets::secrets_outlive_their_master_key,
    tenants::nothing_of_another_workspace_is_found,
    tenants::a_workspace_has_its_name_for_itself,
    tenants::a_call_finds_its_agent_in_whatever_workspace_it_is,
    writer::records_of_calls_are_written,
    writer::what_an_earlier_process_left_is_written_first,
    writer::a_call_that_goes_on_is_on_record_and_its_end_is_not_undone,
    writer::a_full_queue_leaves_out_calls_that_go_on_first,
    writer::what_no_database_takes_is_put_aside,
}
