//! Whether a carrier has a call that it may have been asked for: by whoever died before the answer came.
//! Its lists are read, the newest first; what is not told for certain is not taken for known.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::progress::stage;
use crate::rest::{self, bearer, by_id, part, with_query};
use crate::{Account, Carrier, Request, RestProblem, Stage, asterisk};

/// Calls on a page: all of them fit into what is read of an answer. There may be more where it is full.
const PAGE: usize = 20;
/// By how much the carrier's clock may be behind ours, in seconds.
const CLOCKS_APART_S: i64 = 30;

/// A call that is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought<'a> {
    /// The number that calls, in E.164.
    pub from: &'a str,
    /// The number that is called, in E.164.
    pub to: &'a str,
    /// When it was asked for at the earliest, in seconds since 1970.
    pub since_s: i64,
    /// Our id of it, for a carrier that takes one.
    pub id: &'a str,
    /// The carrier's ids of other calls between the two.
    pub known: &'a [String],
}

/// What one of a carrier's answers tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is there, by this id.
    Call(String),
    /// It is not among these.
    Nothing,
    /// It cannot be told.
    Unknown,
    /// Each of these has to be looked at.
    Look(Vec<String>),
}

/// Which lists of Plivo's a call is in before it is over, in its course: a call that moves on while it is
/// looked for is in a later one.
const PLIVO_LIVE: [&str; 2] = ["queued", "live"];
/// The same of Vonage's, of which one that has not been answered may have no time yet.
const VONAGE_LIVE: [&str; 3] = ["started", "ringing", "answered"];
/// The shortest page of jambonz' list of calls that are over.
const JAMBONZ_PAGE: &str = "25";
/// Times above this are in milliseconds.
const SECONDS_MAX: i64 = 100_000_000_000;

impl Carrier {
    /// The requests for the lists in which a call may be, to be made one after the other; none where the
    /// carrier's cannot tell: Exotel's have times that are of a zone which it does not say.
    #[must_use]
    pub fn seek(self, rest_url: &str, account: &Account<'_>, sought: &Sought<'_>) -> Vec<Request> {
        let page = PAGE.to_string();
        let of_both = [
            ("To", sought.to),
            ("From", sought.from),
            ("PageSize", &page),
        ];
        match self {
            Self::Twilio => {
                let url = format!("{}.json", crate::twilio::calls(rest_url, account));
                vec![with_query(&url, by_id(account), &of_both)]
            }
            Self::Telnyx => {
                let url = crate::telnyx::calls(rest_url, account);
                vec![with_query(&url, bearer(account), &of_both)]
            }
            Self::Plivo => {
                let url = crate::plivo::resource(rest_url, account, "Call");
                let of_both = [
                    ("from_number", without_plus(sought.from)),
                    ("to_number", without_plus(sought.to)),
                    ("limit", &page),
                ];
                let over = with_query(&url, by_id(account), &of_both);
                let live = PLIVO_LIVE.map(|it| {
                    let of_state = [("status", it), ("limit", &*page)];
                    with_query(&url, by_id(account), &of_state)
                });
                live.into_iter().chain([over]).collect()
            }
            Self::Vonage => {
                let url = crate::vonage::calls(rest_url);
                let list = |more: &[(&str, &str)]| {
                    let fields = [more, &[("page_size", &*page), ("order", "desc")]].concat();
                    with_query(&url, bearer(account), &fields)
                };
                let live = VONAGE_LIVE.map(|it| list(&[("status", it)]));
                live.into_iter().chain([list(&[])]).collect()
            }
            Self::Jambonz => {
                let url = crate::jambonz::calls(rest_url, account);
                let of_both = [
                    ("direction", "outbound"),
                    ("from", sought.from),
                    ("to", sought.to),
                ];
                let live = with_query(&url, bearer(account), &of_both);
                let url = url.replace("/Calls", "/RecentCalls");
                let of_page = [
                    ("page", "1"),
                    ("count", JAMBONZ_PAGE),
                    ("direction", "outbound"),
                ];
                vec![live, with_query(&url, bearer(account), &of_page)]
            }
            Self::Asterisk => vec![asterisk::look(rest_url, account, sought.id)],
            Self::Exotel => Vec::new(),
        }
    }

    /// Reads an answer to one of [`Carrier::seek`]'s.
    ///
    /// # Errors
    /// [`RestProblem`] where the carrier does not say.
    pub fn sought(
        self,
        status: u16,
        body: &[u8],
        sought: &Sought<'_>,
    ) -> Result<Finding, RestProblem> {
        let body = match rest::read(status, body) {
            // One that is over is not there either.
            Err(RestProblem::Gone) if self == Self::Asterisk => return Ok(Finding::Unknown),
            read => read?,
        };
        let list = match self {
            Self::Asterisk => {
                let id = rest::text(&body, &["id"]).filter(|it| it == sought.id);
                return Ok(id.map_or(Finding::Unknown, Finding::Call));
            }
            Self::Exotel => None,
            Self::Twilio | Self::Telnyx => body["calls"].as_array(),
            Self::Plivo => body["calls"].as_array().or(body["objects"].as_array()),
            Self::Vonage => body["_embedded"]["calls"].as_array(),
            Self::Jambonz => body.as_array().or(body["data"].as_array()),
        };
        let Some(list) = list else {
            return Ok(Finding::Unknown);
        };
        let is_of_ids = self == Self::Plivo && body["calls"].is_array();
        Ok(match is_of_ids {
            true => to_look_at(list, sought),
            false => among(list, sought),
        })
    }

    /// The requests for one of the calls that have to be looked at: one of them has it. Who tells whole
    /// calls is asked for none.
    #[must_use]
    pub fn look(self, rest_url: &str, account: &Account<'_>, id: &str) -> Vec<Request> {
        if self != Self::Plivo {
            return Vec::new();
        }
        let url = crate::plivo::resource(rest_url, account, &format!("Call/{}", part(id)));
        PLIVO_LIVE
            .map(|it| with_query(&url, by_id(account), &[("status", it)]))
            .into()
    }

    /// Reads an answer to one of [`Carrier::look`]'s: whether it is the call that is sought.
    ///
    /// # Errors
    /// [`RestProblem`] where the carrier does not say, [`RestProblem::Gone`] where it has no such call.
    pub fn looked(
        self,
        status: u16,
        body: &[u8],
        sought: &Sought<'_>,
    ) -> Result<bool, RestProblem> {
        let body = rest::read(status, body)?;
        Ok(is_between(&body, sought))
    }
}

/// The one that is sought, of calls that are told whole.
fn among(list: &[Value], sought: &Sought<'_>) -> Finding {
    let is_before = |at: i64| at + CLOCKS_APART_S < sought.since_s;
    let is_older = list.iter().filter_map(made_at_s).any(is_before);
    let mut is_unsure = false;
    for call in list.iter().filter(|it| is_between(it, sought)) {
        let id = rest::text(call, &["sid", "call_sid", "call_uuid", "uuid"]);
        let Some(id) = id.filter(|id| !sought.known.contains(id)) else {
            continue;
        };
        match made_at_s(call) {
            Some(at) if is_before(at) => {}
            Some(_) => return Finding::Call(id),
            None if is_up(call) => return Finding::Call(id),
            None => is_unsure = true,
        }
    }
    // What does not reach back far enough says nothing of what is before.
    let is_whole = is_older || list.len() < PAGE;
    match is_unsure || !is_whole {
        true => Finding::Unknown,
        false => Finding::Nothing,
    }
}

/// The ones that may be it, of calls of which the ids are told alone.
fn to_look_at(list: &[Value], sought: &Sought<'_>) -> Finding {
    if list.len() >= PAGE {
        return Finding::Unknown;
    }
    let ids = list.iter().filter_map(Value::as_str).map(str::to_owned);
    let ids: Vec<String> = ids.filter(|id| !sought.known.contains(id)).collect();
    match ids.is_empty() {
        true => Finding::Nothing,
        false => Finding::Look(ids),
    }
}

fn is_between(call: &Value, sought: &Sought<'_>) -> bool {
    let is = |names: [&str; 2], number: &str| {
        let told = rest::text(call, &names);
        let told = told.or_else(|| rest::text(&call[names[0]], &["number"]));
        told.is_some_and(|it| without_plus(&it) == without_plus(number))
    };
    is(["from", "from_number"], sought.from) && is(["to", "to_number"], sought.to)
}

/// Whether a call is told to be on its way, or up.
fn is_up(call: &Value) -> bool {
    let status = rest::text(call, &["status", "call_status"]);
    let stage = status.as_deref().and_then(stage);
    matches!(stage, Some(Stage::Ringing | Stage::Answered))
        || status.is_some_and(|it| it == "trying" || it == "started")
}

fn without_plus(number: &str) -> &str {
    number.trim_start_matches('+')
}

/// When a call was asked for, in seconds since 1970: in the words of mails (RFC 2822), or in digits,
/// which are of UTC where they do not say otherwise.
fn made_at_s(call: &Value) -> Option<i64> {
    if let Some(at) = call["attempted_at"].as_i64() {
        return Some(if at > SECONDS_MAX { at / 1_000 } else { at });
    }
    let names = [
        "date_created",
        "initiation_time",
        "start_time",
        "attempted_at",
    ];
    let text = rest::text(call, &names)?;
    let of_mail = DateTimeParser::new().parse_timestamp(&text).ok();
    let of_digits = || text.parse::<Timestamp>().ok();
    let of_utc = || {
        let at = text.parse::<DateTime>().ok()?;
        Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let at = of_mail.or_else(of_digits).or_else(of_utc)?;
    Some(at.as_second())
}

#[cfg(test)]
mod tests;
