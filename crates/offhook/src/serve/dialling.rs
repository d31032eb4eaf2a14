//! The way to the carriers' REST APIs, with the accounts that the environment names or that come with
//! a number.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use offhook_api::{
    Api, CarrierCall, Departing, DialAccount, DialProblem, Dialler, Dialling, FoundCall, Telephony,
};
use offhook_carriers::{Account, Carrier, Finding, Method, Outgoing, Request, RestProblem, Sought};
use offhook_store::SecretText;
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::sync::Semaphore;

use super::placed_calls::CALLER;
use crate::settings::Settings;

/// How long a connection to a carrier may take, and how long its answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long after an attempt was begun a carrier is asked whether it was told: a request takes less.
const DOUBT_AFTER: Duration = Duration::from_secs(40);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The carriers, as this server reaches them.
#[derive(Debug)]
pub(super) struct Carriers {
    client: Client,
    public_url: String,
    /// The carrier of numbers that do not say theirs, where the settings say one.
    preferred: Option<Carrier>,
    accounts: HashMap<Carrier, OwnAccount>,
    rest_urls: HashMap<Carrier, String>,
}

/// The server's own account with a carrier.
#[derive(Debug)]
struct OwnAccount {
    id: String,
    key: SecretText,
    application: Option<String>,
}

/// What a variable of the environment says, where it says something.
fn variable(name: &str) -> Option<String> {
    let text = std::env::var(name).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn carrier_named(name: &str) -> Option<Carrier> {
    Carrier::ALL.into_iter().find(|it| it.name() == name)
}

impl Carriers {
    /// With the accounts that the environment names. `public_url` is where carriers reach this
    /// server.
    fn of_environment(
        public_url: &str,
        preferred: Option<Carrier>,
    ) -> Result<Self, reqwest::Error> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()?;
        let all = Carrier::ALL.into_iter();
        let accounts = all.clone().filter_map(|carrier| {
            let application = carrier.application_variable().and_then(variable);
            let account = OwnAccount {
                id: variable(carrier.account_variable())?,
                key: SecretText::new(variable(carrier.secret_variable())?),
                application,
            };
            Some((carrier, account))
        });
        let rest_urls = all.clone().map(|carrier| {
            let url = variable(carrier.rest_variable());
            let url = url.unwrap_or_else(|| carrier.rest_url().to_owned());
            (carrier, url.trim_end_matches('/').to_owned())
        });
        Ok(Self {
            client,
            public_url: public_url.to_owned(),
            preferred,
            accounts: accounts.collect(),
            rest_urls: rest_urls.collect(),
        })
    }

    fn rest_url(&self, carrier: Carrier) -> &str {
        let url = self.rest_urls.get(&carrier);
        url.map_or(carrier.rest_url(), String::as_str)
    }

    /// The account of a number's owner, or the server's own.
    fn account<'a>(
        &'a self,
        carrier: Carrier,
        own: Option<&'a DialAccount>,
    ) -> Option<Account<'a>> {
        if let Some(own) = own {
            return Some(Account {
                id: &own.id,
                key: own.key.expose(),
                application: None,
            });
        }
        let ours = self.accounts.get(&carrier)?;
        Some(Account {
            id: &ours.id,
            key: ours.key.expose(),
            application: ours.application.as_deref(),
        })
    }

    /// A carrier that is served and an account with it.
    fn open<'a>(
        &'a self,
        carrier: &str,
        own: Option<&'a DialAccount>,
    ) -> Result<(Carrier, Account<'a>), String> {
        let carrier = carrier_named(carrier)
            .ok_or_else(|| format!("this server places no calls at {carrier}"))?;
        let account = self.account(carrier, own);
        let account = account.ok_or_else(|| {
            let mut missing = vec![carrier.account_variable(), carrier.secret_variable()];
            missing.extend(carrier.application_variable());
            let names = missing.join(", ");
            format!(
                "this server has no account with {} to place calls with; set {names}",
                carrier.name()
            )
        })?;
        Ok((carrier, account))
    }

    /// The address of a call that was placed, by its order.
    fn base(&self, carrier: Carrier, workspace: &str, order: &str) -> String {
        let (public_url, name) = (&self.public_url, carrier.name());
        format!("{public_url}/v1/carriers/{name}/calls/{workspace}/{order}")
    }

    async fn send(&self, request: Request) -> Result<(u16, Vec<u8>), DialProblem> {
        let mut sent = match request.method {
            Method::Get => self.client.get(request.url),
            Method::Post => self.client.post(request.url),
            Method::Delete => self.client.delete(request.url),
        };
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.body(request.body).send().await;
        let mut answer = answer.map_err(|problem| unreachable_for(&problem))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|it| unreachable_for(&it))? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok((status, body))
    }
}

#[async_trait]
impl Dialler for Carriers {
    fn default_carrier(&self) -> Result<String, String> {
        let mut all = Carrier::ALL.into_iter();
        let first = || all.find(|carrier| self.accounts.contains_key(carrier));
        let found = self.preferred.or_else(first);
        found.map(|it| it.name().to_owned()).ok_or_else(|| {
            let pairs = Carrier::ALL
                .map(|it| format!("{} and {}", it.account_variable(), it.secret_variable()));
            format!(
                "this server has no account with a carrier to place calls with; set {}",
                pairs.join(", or ")
            )
        })
    }

    fn can_dial(&self, carrier: &str, account: Option<&DialAccount>) -> Result<(), String> {
        self.open(carrier, account).map(|_| ())
    }

    async fn dial(&self, dialling: &Dialling<'_>) -> Result<Option<String>, DialProblem> {
        let opened = self.open(dialling.carrier, dialling.account);
        let (carrier, account) = opened.map_err(DialProblem::Refused)?;
        let base = self.base(carrier, dialling.workspace, dialling.order);
        let outgoing = Outgoing {
            from: dialling.from,
            to: dialling.to,
            answer_url: &format!("{base}/answer"),
            status_url: &format!("{base}/status"),
            ring_max_s: dialling.ring_max.as_secs(),
            duration_max_s: dialling.duration_max.as_secs(),
            detects_machines: dialling.detects_machines,
        };
        let request = carrier.place(self.rest_url(carrier), &account, &outgoing);
        let (status, body) = self.send(request).await?;
        carrier.placed(status, &body).map_err(|it| refused(&it))
    }

    async fn find(
        &self,
        dialling: &Dialling<'_>,
        since_ms: i64,
        known: &[String],
    ) -> Result<FoundCall, DialProblem> {
        let opened = self.open(dialling.carrier, dialling.account);
        let (carrier, account) = opened.map_err(DialProblem::Refused)?;
        let url = self.rest_url(carrier);
        let sought = Sought {
            from: dialling.from,
            to: dialling.to,
            since_s: since_ms / 1_000,
            known,
        };
        let mut ids = Vec::new();
        for request in carrier.seek(url, &account, &sought) {
            let (status, body) = self.send(request).await?;
            let found = carrier.sought(status, &body, &sought);
            match found.map_err(|it| refused(&it))? {
                Finding::Call(id) => return Ok(FoundCall::Call(id)),
                Finding::Unknown => return Ok(FoundCall::Unknown),
                Finding::Look(more) => ids.extend(more),
                Finding::Nothing => {}
            }
        }
        for id in ids {
            let mut is_there = false;
            for request in carrier.look(url, &account, &id) {
                let (status, body) = self.send(request).await?;
                match carrier.looked(status, &body, &sought) {
                    Ok(true) => return Ok(FoundCall::Call(id)),
                    Ok(false) => is_there = true,
                    // It is in another list.
                    Err(RestProblem::Gone) => {}
                    Err(problem) => return Err(refused(&problem)),
                }
            }
            // It has ended meanwhile, and may have been the one.
            if !is_there {
                return Ok(FoundCall::Unknown);
            }
        }
        Ok(FoundCall::Nothing)
    }

    fn can_hand_over(&self, carrier: &str, account: Option<&DialAccount>) -> Result<(), String> {
        self.open(carrier, account).map(|_| ())
    }

    async fn hand_over(&self, call: &Departing<'_>) -> Result<(), DialProblem> {
        let opened = self.open(call.carrier, call.account);
        let (carrier, account) = opened.map_err(DialProblem::Refused)?;
        let base = self.base(carrier, call.workspace, call.order);
        let to_url = format!("{base}/{}", CALLER);
        let request = carrier.redirect(self.rest_url(carrier), &account, call.id, &to_url);
        let (status, body) = self.send(request).await?;
        let done = carrier.redirected(status, &body);
        done.map_err(|problem| refused(&problem))
    }

    async fn hang_up(&self, call: &CarrierCall<'_>) -> Result<(), DialProblem> {
        let opened = self.open(call.carrier, call.account);
        let (carrier, account) = opened.map_err(DialProblem::Refused)?;
        let url = self.rest_url(carrier);
        let request = carrier.hang_up(url, &account, call.id, call.is_answered);
        let (status, body) = self.send(request).await?;
        carrier.hung_up(status, &body).map_err(|it| refused(&it))
    }
}

fn refused(problem: &RestProblem) -> DialProblem {
    match problem {
        RestProblem::Gone => DialProblem::Gone,
        problem => DialProblem::Refused(problem.to_string()),
    }
}

/// What went wrong, without the address.
fn unreachable_for(problem: &reqwest::Error) -> DialProblem {
    let words = if problem.is_timeout() {
        format!("no answer within {} s", TIMEOUT.as_secs())
    } else if problem.is_connect() {
        "no connection".to_owned()
    } else {
        "the request failed".to_owned()
    };
    DialProblem::Unreachable(words)
}

/// Lets calls be placed, where carriers can reach this process.
pub(super) fn connect(
    api: &Api,
    settings: &Settings,
    node: &str,
    lines: &Arc<Semaphore>,
) -> anyhow::Result<()> {
    let Some(public_url) = &settings.public_url else {
        return Ok(());
    };
    let carriers = Carriers::of_environment(public_url, settings.telephony.carrier);
    let carriers = carriers.context("carriers cannot be reached")?;
    let telephony = &settings.telephony;
    api.connect(Telephony {
        dialler: Arc::new(carriers),
        rules: telephony.rules.clone(),
        ring_max: telephony.ring_max,
        detects_machines: telephony.detects_machines,
        node: node.to_owned(),
        lines: lines.clone(),
        times: telephony.times.clone(),
        doubt_after: DOUBT_AFTER,
    });
    Ok(())
}

#[cfg(test)]
mod tests;
