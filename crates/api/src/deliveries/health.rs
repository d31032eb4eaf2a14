//! Whether a webhook still takes what it is sent: one that has failed for long is sent nothing more.

use offhook_store::{
    DeliveryQuery, DeliveryStatus, PageStart, StoreError, StoredObject, Workspace, now_ms,
};

/// So many deliveries in a row have failed.
const FAILURES: usize = 10;

/// Deliveries that are looked at; some of them may not be over yet.
const LOOKED_AT: u32 = 50;

/// And for so long none has arrived, in milliseconds.
const SILENCE_MS: i64 = 7 * 24 * 3_600_000;

/// How a webhook stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Health {
    /// Ten deliveries in a row have failed and none has arrived for a week, since it was made or
    /// turned on again.
    pub(crate) is_given_up: bool,
    /// The last delivery that failed.
    pub(crate) last_failure: Option<Failure>,
}

/// A delivery that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure {
    /// When it was tried last, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// What the receiver answered, where it did.
    pub(crate) http_status: Option<i64>,
}

/// How a webhook of a dialect stands.
///
/// # Errors
/// As the database.
pub(crate) async fn health(
    workspace: &Workspace,
    dialect: &str,
    webhook: &StoredObject,
) -> Result<Health, StoreError> {
    let query = DeliveryQuery {
        dialect: dialect.to_owned(),
        webhook: Some(webhook.id.clone()),
        since_ms: webhook.document["enabled_at_ms"].as_i64().unwrap_or(0),
        limit: LOOKED_AT,
        start: PageStart::First,
    };
    let last = workspace.deliveries(&query).await?.items;
    let over = last
        .iter()
        .filter(|it| it.status != DeliveryStatus::Pending);
    let failed = over
        .take(FAILURES)
        .filter(|it| it.status == DeliveryStatus::Failed);
    let last_failure = failed.clone().next().map(|it| Failure {
        at_ms: it.last_attempt_at_ms.unwrap_or(it.created_at_ms),
        http_status: it.http_status,
    });
    let is_given_up = failed.count() == FAILURES && {
        let arrived = workspace.last_delivered_at(dialect, &webhook.id).await?;
        arrived.is_none_or(|at_ms| at_ms < now_ms() - SILENCE_MS)
    };
    Ok(Health {
        is_given_up,
        last_failure,
    })
}
