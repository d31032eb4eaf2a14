//! Calls that carriers announce: `POST /v1/carriers/NAME/incoming`, signed by the carrier and answered
//! with what it is to do with the call.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use offhook_api::{CallAnswer, CalledNumber, Refusal, RingingCall};
use offhook_carriers::{Answer, Carrier, Document, SignatureProblem, Webhook, verify_upgrade};
use offhook_store::{SecretText, now_ms};

use super::{Server, media_stream, placed_calls, refuse, refuse_as};

/// Longest request of a carrier.
const REQUEST_BYTES_MAX: usize = 64 * 1_024;
/// The variable of the environment with Genesys' client secret, in base64.
const GENESYS_SECRET: &str = "GENESYS_CLIENT_SECRET";
const NO_SUCH_CARRIER: &str = "no such carrier is served here";
const NOT_SIGNED: &str = "the signature is missing or wrong";
const NOT_IN_SERVICE: &str = "This number is not in service. Goodbye.";
const FAILING: &str = "We cannot take your call right now. Please try again later. Goodbye.";

/// What the carriers' requests are checked with.
#[derive(Debug)]
pub(super) struct CarrierKeys {
    keys: HashMap<Carrier, SecretText>,
    /// What Genesys signs its requests for sockets with; `None` where it does not sign.
    genesys: Option<SecretText>,
    /// The second in which a refused request was last warned of.
    warned_s: AtomicI64,
}

impl CarrierKeys {
    /// Those that the environment names.
    pub(super) fn of_environment() -> Self {
        let named = |variable: &str| {
            let key = std::env::var(variable).ok()?;
            let key = key.trim();
            (!key.is_empty()).then(|| SecretText::new(key))
        };
        let carriers = Carrier::ALL.into_iter();
        let keys = carriers.filter_map(|it| Some((it, named(it.key_variable()?)?)));
        Self {
            keys: keys.collect(),
            genesys: named(GENESYS_SECRET),
            warned_s: AtomicI64::new(0),
        }
    }

    /// Checks that a carrier has sent a request: with that key of the account which it is about, or
    /// with the server's.
    pub(super) fn verify(
        &self,
        carrier: Carrier,
        own: Option<&SecretText>,
        webhook: &Webhook<'_>,
    ) -> Result<(), NotSigned> {
        let key = own.or_else(|| self.keys.get(&carrier));
        let checked = match key {
            Some(key) => carrier.verify(key.expose(), webhook),
            None => Err(SignatureProblem::Key),
        };
        checked.map_err(|problem| {
            self.note_refused(carrier, &problem.to_string());
            NotSigned
        })
    }

    /// Checks that Genesys asks for a socket at that path, where it signs its requests. Everybody else
    /// has to have a token or a key anyway.
    pub(super) fn verify_genesys(
        &self,
        authority: &str,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(), NotSigned> {
        let Some(secret) = &self.genesys else {
            return Ok(());
        };
        let request = Webhook {
            url: &format!("https://{authority}{path}"),
            headers: &pairs(headers),
            body: b"",
            now_s: now_ms() / 1_000,
        };
        verify_upgrade(secret.expose(), &request).map_err(|problem| {
            self.warn("genesys", &problem.to_string());
            NotSigned
        })
    }

    /// Notes that a request is not the carrier's, in the log once a second at most: anybody can
    /// send such.
    fn note_refused(&self, carrier: Carrier, problem: &str) {
        self.warn(carrier.name(), problem);
    }

    fn warn(&self, carrier: &str, problem: &str) {
        let now_s = now_ms() / 1_000;
        if self.warned_s.swap(now_s, Ordering::Relaxed) != now_s {
            tracing::warn!(carrier, problem, "a request is not signed");
        }
    }
}

/// The carriers' routes.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/v1/carriers/{carrier}/incoming", post(incoming))
        .merge(placed_calls::routes())
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
}

async fn incoming(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(carrier) = Carrier::named(&name).filter(|it| it.announces()) else {
        return refuse(StatusCode::NOT_FOUND, NO_SUCH_CARRIER);
    };
    let public_url = match public_url(&server, carrier) {
        Ok(public_url) => public_url,
        Err((status, problem)) => return refuse(status, problem),
    };
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let webhook = Webhook {
        url: &format!("{public_url}{path}"),
        headers: &pairs(&headers),
        body: &body,
        now_s: now_ms() / 1_000,
    };
    answer(&server, carrier, public_url, &webhook)
        .await
        .unwrap_or_else(|refused| refused)
}

/// The carrier of that name, and the address at which it reaches this server.
pub(super) fn served<'s>(
    server: &'s Server,
    name: &str,
) -> Result<(Carrier, &'s str), (StatusCode, &'static str)> {
    let Some(carrier) = Carrier::named(name) else {
        return Err((StatusCode::NOT_FOUND, NO_SUCH_CARRIER));
    };
    Ok((carrier, public_url(server, carrier)?))
}

/// The address at which carriers reach this server.
fn public_url(server: &Server, carrier: Carrier) -> Result<&str, (StatusCode, &'static str)> {
    server.settings.public_url.as_deref().ok_or_else(|| {
        let problem =
            "public_url is not set, without which no signature of a carrier can be checked";
        tracing::warn!(carrier = carrier.name(), problem, "a call is refused");
        (StatusCode::SERVICE_UNAVAILABLE, problem)
    })
}

/// The headers that are texts.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let pairs = headers.iter();
    let pairs = pairs.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    pairs.collect()
}

async fn answer(
    server: &Server,
    carrier: Carrier,
    public_url: &str,
    webhook: &Webhook<'_>,
) -> Result<Response, Response> {
    let call = carrier
        .incoming(webhook)
        .map_err(|problem| refuse(StatusCode::BAD_REQUEST, &problem.to_string()))?;
    let numbers = server.api.called_numbers(&call.to).await;
    let numbers = numbers.map_err(|refusal: Refusal| refuse_as(&refusal))?;
    let called = signed_for(server, carrier, webhook, numbers);
    let called = called.map_err(NotSigned::response)?;
    let answered = match &called {
        None => CallAnswer::NotInService,
        Some(called) => {
            let ringing = RingingCall {
                carrier: carrier.name(),
                id: &call.id,
                from: &call.from,
                to: &call.to,
                parameters: &call.parameters,
            };
            server.switchboard().answer(ringing, called).await
        }
    };
    let stream = stream_url(public_url, &media_stream::path(carrier.name()));
    let document = carrier.document(&match &answered {
        CallAnswer::Answered { token } => Answer::Stream {
            url: &stream,
            token,
            call_id: &call.id,
            audio: server.settings.telephony.audio(carrier),
        },
        CallAnswer::NotInService => Answer::Say(NOT_IN_SERVICE),
        CallAnswer::Failing => Answer::Say(FAILING),
        CallAnswer::Busy => Answer::Busy,
        CallAnswer::Say { text } => Answer::Say(text),
    });
    Ok(told(document))
}

/// The response with what a carrier is told.
pub(super) fn told(document: Document) -> Response {
    let kind = [(header::CONTENT_TYPE, document.content_type)];
    (kind, document.text).into_response()
}

/// A request that is not the carrier's.
pub(super) struct NotSigned;

impl NotSigned {
    /// How it is refused.
    pub(super) fn response(self) -> Response {
        refuse(StatusCode::FORBIDDEN, NOT_SIGNED)
    }
}

/// Whose number is called, of those for whom the carrier has signed: with the key that is kept with
/// the number, where there is one, else with the server's. `None` where the carrier has signed and
/// nobody has the number.
fn signed_for(
    server: &Server,
    carrier: Carrier,
    webhook: &Webhook<'_>,
    numbers: Vec<CalledNumber>,
) -> Result<Option<CalledNumber>, NotSigned> {
    let ours = server.carrier_keys.keys.get(&carrier);
    let ours = match ours {
        Some(key) => carrier
            .verify(key.expose(), webhook)
            .map_err(|it| it.to_string()),
        None => Err(format!(
            "{} is not set",
            carrier.key_variable().unwrap_or("a key")
        )),
    };
    let of_carrier = |it: &CalledNumber| it.carrier.as_ref().is_none_or(|of| of == carrier.name());
    let mut numbers = numbers.into_iter().filter(of_carrier);
    let called = numbers.find(|number| match &number.account_key {
        Some(key) => carrier.verify(key.expose(), webhook).is_ok(),
        None => ours.is_ok(),
    });
    match (called, ours) {
        (None, Err(problem)) => {
            server.carrier_keys.note_refused(carrier, &problem);
            Err(NotSigned)
        }
        (called, _) => Ok(called),
    }
}

/// The address of a media stream at the server's public address.
pub(super) fn stream_url(public_url: &str, path: &str) -> String {
    let mut url = public_url.replacen("http", "ws", 1);
    let _ = write!(url, "{path}");
    url
}
