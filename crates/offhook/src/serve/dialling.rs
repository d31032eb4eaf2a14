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
use offhook_carriers::{
    Account, Carrier, Finding, Method, Outgoing, Request, RestProblem, Sought, asterisk_events,
};
use offhook_store::{SecretText, new_id, now_ms};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::sync::Semaphore;

use super::asterisk::{self, channel_id};
use super::carriers::stream_url;
use super::media_stream;
use super::placed_calls::CALLER;
use crate::outcome::Complaint;
use crate::settings::Settings;

/// How long a connection to a carrier may take, and how long its answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long after an attempt was begun a carrier is asked whether it was told: a request takes less.
const DOUBT_AFTER: Duration = Duration::from_secs(40);
/// How a private key begins.
const PEM: &str = "-----BEGIN ";
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
    /// Where their APIs are, of those of which it is known.
    rest_urls: HashMap<Carrier, String>,
    /// Whether an Asterisk can bring calls.
    has_audio_socket: bool,
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

/// What opens an account, as a variable of the environment says it: a private key may be in a file, and
/// one that stands there itself may have `\n` for the ends of its lines.
fn secret(carrier: Carrier) -> anyhow::Result<Option<SecretText>> {
    let name = carrier.account_variables().secret;
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    if !carrier.has_private_key() {
        return Ok(Some(SecretText::new(text)));
    }
    let key = match text.contains(PEM) {
        true => text.replace("\\n", "\n"),
        false => std::fs::read_to_string(&text)
            .map_err(|problem| Complaint::bad_input(format!("{name}: {text}: {problem}")))?,
    };
    if let Err(problem) = carrier.pass("", &key, 0, "") {
        return Err(Complaint::bad_input(format!("{name}: {problem}")));
    }
    Ok(Some(SecretText::new(key)))
}

/// Checks the application that calls are placed with.
fn check_application(carrier: Carrier, application: Option<&str>) -> anyhow::Result<()> {
    if carrier.takes_application(application) {
        return Ok(());
    }
    let name = carrier.account_variables().application.unwrap_or_default();
    let problem =
        "it has to say whom to call, with {number} for the number, as PJSIP/{number}@trunk";
    Err(Complaint::bad_input(format!("{name}: {problem}")))
}

/// An account, as it is opened for one request.
struct Opened<'a> {
    carrier: Carrier,
    rest_url: &'a str,
    id: &'a str,
    key: SecretText,
    application: Option<&'a str>,
}

impl Opened<'_> {
    fn account(&self) -> Account<'_> {
        Account {
            id: self.id,
            key: self.key.expose(),
            application: self.application,
        }
    }
}

impl Carriers {
    /// With the accounts that the environment names. `public_url` is where carriers reach this
    /// server.
    fn of_environment(public_url: &str, settings: &Settings) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()
            .context("carriers cannot be reached")?;
        let rest_urls = Carrier::ALL.into_iter().filter_map(|carrier| {
            let url = variable(carrier.account_variables().rest_url);
            let url = url.or_else(|| carrier.rest_url().map(str::to_owned))?;
            Some((carrier, url.trim_end_matches('/').to_owned()))
        });
        let mut accounts = HashMap::new();
        for carrier in Carrier::ALL {
            let named = carrier.account_variables();
            if let (Some(id), Some(key)) = (variable(named.id), secret(carrier)?) {
                let application = named.application.and_then(variable);
                check_application(carrier, application.as_deref())?;
                let account = OwnAccount {
                    id,
                    key,
                    application,
                };
                accounts.insert(carrier, account);
            }
        }
        Ok(Self {
            client,
            public_url: public_url.to_owned(),
            preferred: settings.telephony.carrier,
            accounts,
            rest_urls: rest_urls.collect(),
            has_audio_socket: settings.audio_socket.is_some(),
        })
    }

    /// A carrier that is served, and an account with it: of a number's owner, or the server's own.
    fn open<'a>(
        &'a self,
        carrier: &str,
        own: Option<&'a DialAccount>,
    ) -> Result<Opened<'a>, String> {
        let carrier = Carrier::named(carrier)
            .ok_or_else(|| format!("this server places no calls at {carrier}"))?;
        let account = match own {
            Some(own) => Some((&own.id, &own.key, None)),
            None => self.accounts.get(&carrier).map(|ours| {
                let application = ours.application.as_deref();
                (&ours.id, &ours.key, application)
            }),
        };
        let rest_url = self.rest_urls.get(&carrier);
        let Some(((id, key, application), rest_url)) = account.zip(rest_url) else {
            return Err(format!(
                "this server has no account with {} to place calls with; set {}",
                carrier.name(),
                needed(carrier).join(", ")
            ));
        };
        let nonce = new_id("pass").map_err(|problem| problem.to_string())?;
        let pass = carrier.pass(id, key.expose(), now_ms() / 1_000, &nonce);
        let pass = pass.map_err(|problem| problem.to_string())?;
        Ok(Opened {
            carrier,
            rest_url,
            id,
            key: SecretText::new(pass),
            application,
        })
    }

    /// The request for Asterisk's events, for the server of that name; `None` without an account.
    fn asterisk_events(&self, node: &str) -> Option<Request> {
        let opened = self.open(Carrier::Asterisk.name(), None).ok()?;
        let application = format!("offhook-{node}");
        Some(asterisk_events(
            opened.rest_url,
            &opened.account(),
            &application,
        ))
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
            Method::Put => self.client.put(request.url),
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
            let sets = Carrier::ALL.map(|it| needed(it).join(" and "));
            format!(
                "this server has no account with a carrier to place calls with; set {}",
                sets.join(", or ")
            )
        })
    }

    fn can_dial(&self, carrier: &str, account: Option<&DialAccount>) -> Result<(), String> {
        let opened = self.open(carrier, account)?;
        if opened.carrier == Carrier::Asterisk && !self.has_audio_socket {
            let problem =
                "audio_socket in offhook.toml is not set, over which asterisk brings calls";
            return Err(problem.to_owned());
        }
        Ok(())
    }

    fn asks(&self, carrier: &str) -> bool {
        Carrier::named(carrier).is_none_or(Carrier::asks)
    }

    async fn dial(&self, dialling: &Dialling<'_>) -> Result<Option<String>, DialProblem> {
        let opened = self.open(dialling.carrier, dialling.account);
        let opened = opened.map_err(DialProblem::Refused)?;
        let carrier = opened.carrier;
        let base = self.base(carrier, dialling.workspace, dialling.order);
        let outgoing = Outgoing {
            from: dialling.from,
            to: dialling.to,
            answer_url: &format!("{base}/answer"),
            status_url: &format!("{base}/status"),
            ring_max_s: dialling.ring_max.as_secs(),
            duration_max_s: dialling.duration_max.as_secs(),
            detects_machines: dialling.detects_machines,
            id: &channel_id(dialling.workspace, dialling.order),
            uuid: dialling.uuid.unwrap_or_default(),
            stream_url: &stream_url(&self.public_url, &media_stream::path(carrier.name())),
        };
        let request = carrier.place(opened.rest_url, &opened.account(), &outgoing);
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
        let opened = opened.map_err(DialProblem::Refused)?;
        let (carrier, url, account) = (opened.carrier, opened.rest_url, opened.account());
        let sought = Sought {
            from: dialling.from,
            to: dialling.to,
            since_s: since_ms / 1_000,
            id: &channel_id(dialling.workspace, dialling.order),
            known,
        };
        let mut ids = Vec::new();
        let lists = carrier.seek(url, &account, &sought);
        if lists.is_empty() {
            return Ok(FoundCall::Unknown);
        }
        for request in lists {
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
        let opened = self.open(carrier, account)?;
        match opened.carrier.hands_over() {
            true => Ok(()),
            false => Err(format!("this server hands no calls of {carrier} over")),
        }
    }

    async fn hand_over(&self, call: &Departing<'_>) -> Result<(), DialProblem> {
        let opened = self.open(call.carrier, call.account);
        let opened = opened.map_err(DialProblem::Refused)?;
        let carrier = opened.carrier;
        let base = self.base(carrier, call.workspace, call.order);
        let to_url = format!("{base}/{CALLER}");
        let request = carrier.redirect(opened.rest_url, &opened.account(), call.id, &to_url);
        let request = request.ok_or_else(|| {
            let carrier = carrier.name();
            DialProblem::Refused(format!("this server hands no calls of {carrier} over"))
        })?;
        let (status, body) = self.send(request).await?;
        let done = carrier.redirected(status, &body);
        done.map_err(|problem| refused(&problem))
    }

    async fn hang_up(&self, call: &CarrierCall<'_>) -> Result<(), DialProblem> {
        let opened = self.open(call.carrier, call.account);
        let opened = opened.map_err(DialProblem::Refused)?;
        let (carrier, url, account) = (opened.carrier, opened.rest_url, opened.account());
        let request = carrier.hang_up(url, &account, call.id, call.is_answered);
        let Some(request) = request else {
            return Ok(());
        };
        let (status, body) = self.send(request).await?;
        carrier.hung_up(status, &body).map_err(|it| refused(&it))
    }
}

/// The variables of the environment without which no call is placed at a carrier.
fn needed(carrier: Carrier) -> Vec<&'static str> {
    let named = carrier.account_variables();
    let mut needed = vec![named.id, named.secret];
    needed.extend(named.application);
    if carrier.rest_url().is_none() {
        needed.push(named.rest_url);
    }
    needed
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
    let carriers = Carriers::of_environment(public_url, settings)?;
    if let Some(events) = carriers.asterisk_events(node) {
        tokio::spawn(asterisk::watch(api.clone(), events));
    }
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
