//! Webhooks: events of calls on their way to the addresses that tenants named. A delivery is a row of
//! the database from the moment that it is asked for until its receiver has it or it is given up, so
//! that a process that dies loses none; a call hands its news over and never waits.

mod desk;
mod enclosure;
mod health;
mod platform;
mod post;
mod signature;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use offhook_store::{NewDelivery, Store, StoreError, StoredCall, StoredDelivery};
use tokio::sync::{Notify, mpsc};

pub(crate) use health::{Health, health};
pub(crate) use platform::{Attempt, Moment, News, Platform};
pub(crate) use signature::hmac_sha256;

use crate::Refusal;
use crate::public_address::address_problem;
use post::Poster;

/// Calls of which is told that may wait for the desk. Of those that find no place the end is told
/// all the same, from the database.
const QUEUE: usize = 1_024;

/// What webhooks are told. Cloning gives another way to the same desk.
#[derive(Debug, Clone)]
pub struct Deliveries {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    store: Store,
    allows_private: bool,
    /// The folder of recordings, which some events carry.
    recordings: Option<PathBuf>,
    poster: OnceLock<Option<Poster>>,
    news: mpsc::Sender<StoredCall>,
    /// Until the desk takes it.
    waiting: Mutex<Option<mpsc::Receiver<StoredCall>>>,
    is_due: Notify,
}

impl Deliveries {
    /// Nothing is sent until [`Deliveries::run`] runs. Only where `allows_private` are addresses of
    /// this machine and of private networks sent to.
    pub(crate) fn new(store: Store, allows_private: bool, recordings: Option<PathBuf>) -> Self {
        let (news, waiting) = mpsc::channel(QUEUE);
        Self {
            inside: Arc::new(Inside {
                store,
                allows_private,
                recordings,
                poster: OnceLock::new(),
                news,
                waiting: Mutex::new(Some(waiting)),
                is_due: Notify::new(),
            }),
        }
    }

    /// Hands over that a call began or ended, without waiting for anything.
    pub fn note_call(&self, call: &StoredCall) {
        if self.inside.news.try_send(call.clone()).is_err() {
            tracing::warn!(call_id = call.id, "webhooks hear of a call later");
        }
    }

    /// Makes the deliveries that are due, until the process ends. Only the first of those who ask
    /// does.
    pub async fn run(self) {
        let waiting = self.inside.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            desk::run(self, waiting).await;
        }
    }

    /// Whether addresses of private networks are sent to.
    pub(crate) fn allows_private(&self) -> bool {
        self.inside.allows_private
    }

    /// Makes one delivery now, once: it is not tried again.
    pub(crate) async fn make_now(&self, new: NewDelivery) -> Result<StoredDelivery, Refusal> {
        let workspace = self.inside.store.workspace(&new.workspace);
        // So late that the desk does not take it too.
        let later = offhook_store::now_ms() + new.timeout_ms + 60_000;
        let ids = self.inside.store.create_deliveries(&[new], later).await?;
        let id = ids.first().ok_or(StoreError::NotFound("delivery"))?;
        let claimed = self.inside.store.claim_delivery(id).await?;
        desk::make(self, claimed, true).await;
        Ok(workspace.delivery(id).await?)
    }

    /// Posts `body`, which is JSON, and waits for an answer that takes it; gives its body. In words
    /// where there is none.
    pub(crate) async fn ask(
        &self,
        url: &str,
        headers: Vec<(String, String)>,
        body: String,
        timeout: Duration,
    ) -> Result<String, String> {
        if let Some(problem) = address_problem(url, self.inside.allows_private) {
            return Err(problem.to_owned());
        }
        let poster = self.poster().ok_or("nothing can be sent")?;
        poster.ask(url, headers, body, timeout).await
    }

    fn poster(&self) -> Option<&Poster> {
        let poster = self.inside.poster.get_or_init(|| {
            let poster = Poster::new(self.inside.allows_private);
            poster
                .inspect_err(|problem| tracing::error!(%problem, "webhooks cannot be sent"))
                .ok()
        });
        poster.as_ref()
    }
}
