//! The desk: writes down what is to be delivered, and delivers what is due.

use std::collections::HashSet;
use std::time::Duration;

use offhook_store::{
    DeliveryOutcome, DeliveryStatus, NewDelivery, PageQuery, StoreError, StoredAgent, StoredCall,
    StoredDelivery, StoredObject, Workspace, WorkspaceId, now_ms,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::platform::{Attempt, Moment, News, Platform};
use super::{Deliveries, enclosure, health, post};
use crate::Api;
use crate::dialect::PLATFORMS;
use crate::dialect::webhook;

/// Deliveries that are made at the same time.
const AT_ONCE: usize = 32;

/// The desk looks at least this often what other processes have left.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// How often calls are looked for of whose end no webhook was told: one that was handed over while
/// the database was away, or by a process that died.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How far back such a call may have ended.
const SWEEP_BACK_MS: i64 = 24 * 3_600_000;

/// Calls of a sweep that are read at a time.
const SWEEP_PAGE: u32 = 100;

/// Calls of which is known that nobody wants to hear more. After that many they are looked at again.
const SWEPT_MAX: usize = 100_000;

/// How long finished deliveries are kept.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Webhooks of a kind in a workspace that are told.
const WEBHOOKS_MAX: u32 = 1_000;

/// Works for ever.
pub(super) async fn run(deliveries: Deliveries, mut waiting: mpsc::Receiver<StoredCall>) {
    let mut at_work = JoinSet::new();
    let mut look_at = Instant::now();
    let mut sweep_at = Instant::now();
    let mut swept = HashSet::new();
    loop {
        tokio::select! {
            call = waiting.recv() => match call {
                Some(call) => {
                    passing("calls are told later", tell(&deliveries, &call).await);
                    look_at = Instant::now();
                }
                None => return,
            },
            () = deliveries.inside.is_due.notified() => look_at = Instant::now(),
            Some(_) = at_work.join_next() => {}
            () = sleep_until(sweep_at) => {
                passing("calls are told later", sweep(&deliveries, &mut swept).await);
                sweep_at = Instant::now() + SWEEP_EVERY;
                look_at = Instant::now();
            }
            () = sleep_until(look_at), if at_work.len() < AT_ONCE => {
                let free = AT_ONCE - at_work.len();
                look_at = Instant::now() + begin(&deliveries, &mut at_work, free).await;
            }
        }
    }
}

/// Begins what is due; how long until more is.
async fn begin(deliveries: &Deliveries, at_work: &mut JoinSet<()>, free: usize) -> Duration {
    let store = &deliveries.inside.store;
    let limit = u32::try_from(free).unwrap_or(1);
    let due = match store.claim_deliveries(limit).await {
        Ok(due) => due,
        Err(problem) => {
            tracing::warn!(%problem, "webhooks wait for the database");
            return LOOK_EVERY;
        }
    };
    if due.len() == free {
        deliveries.inside.is_due.notify_one();
    }
    for delivery in due {
        let deliveries = deliveries.clone();
        at_work.spawn(async move { make(&deliveries, delivery, false).await });
    }
    let next = store.next_delivery_at().await.ok().flatten();
    let wait = next.map_or(0, |next| next.saturating_sub(now_ms()).max(0));
    match next {
        Some(_) => Duration::from_millis(wait.unsigned_abs()).min(LOOK_EVERY),
        None => LOOK_EVERY,
    }
}

/// Writes down what the webhooks of a call's workspace are to be told of it.
async fn tell(deliveries: &Deliveries, call: &StoredCall) -> Result<(), StoreError> {
    // No agent is in the other side's call of a transfer: that of the caller tells of it.
    if Api::is_other_side(call) {
        return Ok(());
    }
    let store = &deliveries.inside.store;
    let workspace = store.workspace(&WorkspaceId::new(call.workspace.clone()));
    let mut new: Vec<NewDelivery> = Vec::new();
    for platform in PLATFORMS {
        let webhooks = webhooks(&workspace, platform, call).await?;
        if webhooks.is_empty() {
            continue;
        }
        let (settings, agent) = what_is_wanted(&workspace, platform, call).await?;
        new.extend((platform.deliveries)(&News {
            webhooks: &webhooks,
            call,
            moment: Moment::of(call),
            settings: &settings,
            agent: agent.as_ref(),
        }));
    }
    if !new.is_empty() {
        store.create_deliveries(&new, now_ms()).await?;
    }
    Ok(())
}

/// The webhooks that may be told of a call.
async fn webhooks(
    workspace: &Workspace,
    platform: &Platform,
    call: &StoredCall,
) -> Result<Vec<StoredObject>, StoreError> {
    let Some(of_call) = platform.of_call else {
        let query = PageQuery {
            limit: WEBHOOKS_MAX,
            ..PageQuery::default()
        };
        return Ok(workspace.objects(platform.kind, &query).await?.items);
    };
    let Some(own) = of_call(call) else {
        return Ok(Vec::new());
    };
    match workspace.object(platform.kind, own).await {
        Ok(webhook) => Ok(vec![webhook]),
        Err(StoreError::NotFound(_)) => Ok(Vec::new()),
        Err(problem) => Err(problem),
    }
}

/// What workspace and agent say of webhooks, where the platform asks them.
async fn what_is_wanted(
    workspace: &Workspace,
    platform: &Platform,
    call: &StoredCall,
) -> Result<(Value, Option<StoredAgent>), StoreError> {
    let Some(kind) = platform.settings else {
        return Ok((Value::Null, None));
    };
    let settings = workspace.objects(kind, &PageQuery::default()).await?;
    let settings = settings.items.into_iter().next_back();
    let agent = match workspace.agent(&call.agent).await {
        Ok(agent) => Some(agent),
        Err(StoreError::NotFound(_)) => None,
        Err(problem) => return Err(problem),
    };
    Ok((settings.map_or(Value::Null, |it| it.document), agent))
}

/// Tells of calls that ended untold, and forgets deliveries that are long over.
async fn sweep(deliveries: &Deliveries, swept: &mut HashSet<String>) -> Result<(), StoreError> {
    let store = &deliveries.inside.store;
    store.forget_deliveries(now_ms() - KEPT_MS).await?;
    let kinds = PLATFORMS.map(|it| it.kind);
    let mut since = now_ms() - SWEEP_BACK_MS;
    loop {
        let suffix = Moment::Ended.suffix();
        let calls = store.untold_calls(kinds, suffix, since, SWEEP_PAGE).await?;
        for call in &calls {
            if swept.contains(&call.id) {
                continue;
            }
            tell(deliveries, call).await?;
            if swept.len() == SWEPT_MAX {
                swept.clear();
            }
            swept.insert(call.id.clone());
        }
        let last = calls.last().and_then(|call| call.ended_at_ms);
        match last {
            Some(last) if calls.len() == SWEEP_PAGE as usize => since = last + 1,
            _ => return Ok(()),
        }
    }
}

/// Makes one attempt and writes down what became of it.
pub(super) async fn make(deliveries: &Deliveries, delivery: StoredDelivery, is_only: bool) {
    let platform = PLATFORMS
        .iter()
        .find(|it| it.dialect == delivery.of.dialect);
    let outcome = match platform {
        Some(platform) => attempt(deliveries, platform, &delivery, is_only).await,
        None => failed("no dialect has this name".into()),
    };
    tracing::info!(
        delivery = delivery.id,
        event = delivery.of.event,
        attempt = delivery.attempts,
        status = outcome.status.as_str(),
        http_status = outcome.http_status,
        error = outcome.error,
        "a webhook was sent"
    );
    let store = &deliveries.inside.store;
    let written = store
        .finish_delivery(&delivery.id, delivery.attempts, &outcome)
        .await;
    passing("an attempt is made again", written);
    if outcome.status == DeliveryStatus::Pending {
        deliveries.inside.is_due.notify_one();
    }
}

async fn attempt(
    deliveries: &Deliveries,
    platform: &Platform,
    delivery: &StoredDelivery,
    is_only: bool,
) -> DeliveryOutcome {
    let workspace = deliveries.inside.store.workspace(&delivery.of.workspace);
    let webhook = match workspace.object(platform.kind, &delivery.of.webhook).await {
        Ok(webhook) => webhook,
        Err(StoreError::NotFound(_)) => return failed("the webhook was deleted".into()),
        Err(problem) => return again(platform, delivery, problem.to_string(), is_only),
    };
    if webhook.document["is_disabled"] == true {
        return failed("the webhook is disabled".into());
    }
    match health(&workspace, platform.dialect, &webhook).await {
        Ok(health) if health.is_given_up && !is_only => {
            return failed("the webhook has failed for long; turn it on again".into());
        }
        Ok(_) => {}
        Err(problem) => return again(platform, delivery, problem.to_string(), is_only),
    }
    let is_only = is_only || !(platform.is_repeated)(&webhook, &delivery.of);
    let secret = match webhook::secret(&workspace, &webhook).await {
        Ok(secret) => secret,
        Err(problem) => return again(platform, delivery, problem.message, is_only),
    };
    let Some(poster) = deliveries.poster() else {
        let problem = "this server cannot make requests; see its log";
        return again(platform, delivery, problem.into(), is_only);
    };
    let mut delivery = delivery.clone();
    if let Some(place) = (platform.recording_at)(&delivery.of) {
        let folder = deliveries.inside.recordings.as_deref();
        match enclosure::filled(&delivery.of.body, place, folder).await {
            Ok(body) => delivery.of.body = body,
            Err(problem) => return failed(problem),
        }
    }
    let delivery = &delivery;
    let timestamp = (now_ms() / 1_000).to_string();
    let signed = (platform.headers)(&Attempt {
        delivery: &delivery.of,
        secret: &secret,
        timestamp: &timestamp,
    });
    let own = webhook.document["request_headers"].as_object();
    let own = own.into_iter().flatten();
    let own = own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let signed = signed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let headers: Vec<(String, String)> = own.chain(signed).collect();
    let url = webhook.document["url"].as_str().unwrap_or_default();
    let timeout = Duration::from_millis(delivery.of.timeout_ms.unsigned_abs());
    let body = delivery.of.body.clone();
    match poster.post(url, headers, body, timeout).await {
        Ok(answered) => judged(platform, delivery, answered, is_only),
        Err(problem) => again(platform, delivery, problem, is_only),
    }
}

/// What an answer means.
fn judged(
    platform: &Platform,
    delivery: &StoredDelivery,
    answered: post::Answered,
    is_only: bool,
) -> DeliveryOutcome {
    let status = answered.status;
    let mut outcome = if (200..300).contains(&status) {
        DeliveryOutcome {
            status: DeliveryStatus::Delivered,
            ..failed(String::new())
        }
    } else {
        let problem = format!("the receiver answered {status}");
        again(
            platform,
            delivery,
            problem,
            is_only || (platform.is_final)(status),
        )
    };
    outcome.error = outcome.error.filter(|error| !error.is_empty());
    outcome.http_status = Some(status.into());
    outcome.response = Some(answered.body);
    outcome
}

/// Later, where there is a later.
fn again(
    platform: &Platform,
    delivery: &StoredDelivery,
    problem: String,
    is_last: bool,
) -> DeliveryOutcome {
    let made = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
    let wait = platform.waits.get(made.saturating_sub(1));
    match wait.filter(|_| !is_last) {
        Some(wait) => DeliveryOutcome {
            status: DeliveryStatus::Pending,
            next_attempt_at_ms: now_ms() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX),
            ..failed(problem)
        },
        None => failed(problem),
    }
}

fn failed(problem: String) -> DeliveryOutcome {
    DeliveryOutcome {
        status: DeliveryStatus::Failed,
        next_attempt_at_ms: 0,
        http_status: None,
        error: Some(problem),
        response: None,
    }
}

/// What the database could not do now is done at the next look.
fn passing<T>(consequence: &str, done: Result<T, StoreError>) {
    if let Err(problem) = done {
        tracing::warn!(%problem, "{consequence}");
    }
}
