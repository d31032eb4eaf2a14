//! Trillet's call history.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Extension, Json, Router};
use jiff::Timestamp;
use offhook_call::report::TranscriptRole;
use offhook_store::{CallQuery, PageStart};
use serde_json::{Value, json};

use super::routes::{DOOR, check_workspace};
use crate::calls::{ACTIVE, BUSY, CANCELLED, CallView, ENDED, FAILED, NO_ANSWER, QUEUED, RINGING};
use crate::dialect::agents::invalid;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, Paging, page};
use crate::timestamp::rfc3339;
use crate::{Access, Api, Refusal, guarded};

const PAGING: Paging = Paging {
    limit: "limit",
    limit_default: 10,
    limit_max: 100,
    is_capped: true,
};

/// Calls that one request may name.
const IDS_MAX: usize = 100;

/// The platform's words for how a call stands, and ours.
const STATUSES: [(&str, &str); 8] = [
    ("queued", QUEUED),
    ("ringing", RINGING),
    ("in-progress", ACTIVE),
    ("completed", ENDED),
    ("failed", FAILED),
    ("busy", BUSY),
    ("no-answer", NO_ANSWER),
    ("canceled", CANCELLED),
];

type Answer = Result<Json<Value>, Refusal>;

/// The routes below `/v2/api`.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/call-history", get(list))
        .route("/call-history/{id}", get(show));
    guarded(routes, api, &DOOR)
}

async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
    headers: HeaderMap,
) -> Answer {
    check_workspace(&access, &headers)?;
    let paging = page(&fields, &PAGING)?;
    let asked = asked(&fields)?;
    let number = match paging.start {
        PageStart::Offset(offset) => offset / u64::from(paging.limit) + 1,
        PageStart::First | PageStart::After(_) => 1,
    };
    let (calls, total) = match &asked.ids {
        Some(ids) => named(&api, &access, ids, &asked.query).await?,
        // Neither batches nor paths of a flow are run here, so that no call belongs to one.
        None if asked.is_of_nothing => (Vec::new(), 0),
        None => {
            let query = CallQuery {
                limit: paging.limit,
                start: paging.start,
                ..asked.query
            };
            let page = api.calls(&access.workspace, &query).await?;
            (page.items, page.total)
        }
    };
    let data: Vec<Value> = calls.iter().map(shown).collect();
    Ok(Json(json!({
        "data": data,
        "page": number,
        "limit": paging.limit,
        "total": total,
        "totalPages": total.div_ceil(u64::from(paging.limit)),
    })))
}

async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    check_workspace(&access, &headers)?;
    Ok(Json(shown(&api.call(&access.workspace, &id).await?)))
}

/// The calls of these ids that the workspace has.
async fn named(
    api: &Api,
    access: &Access,
    ids: &[String],
    query: &CallQuery,
) -> Result<(Vec<CallView>, u64), Refusal> {
    let mut calls = Vec::new();
    for id in ids {
        match api.call(&access.workspace, id).await {
            Ok(call) => calls.push(call),
            Err(refusal) if refusal.code == "not_found" => {}
            Err(refusal) => return Err(refusal),
        }
    }
    calls.retain(|call| {
        let is_of = query
            .agent
            .as_ref()
            .is_none_or(|agent| *agent == call.agent);
        is_of && (query.statuses.is_empty() || query.statuses.contains(&call.status))
    });
    let total = calls.len() as u64;
    Ok((calls, total))
}

/// What a list is asked for.
struct Asked {
    query: CallQuery,
    ids: Option<Vec<String>>,
    is_of_nothing: bool,
}

fn asked(fields: &[(String, String)]) -> Result<Asked, Refusal> {
    let mut asked = Asked {
        query: CallQuery::default(),
        ids: None,
        is_of_nothing: false,
    };
    let mut problems = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        if let Err(message) = asked.take(name, value) {
            let place = format!("?{name}");
            problems.push(Problem::at(&place, ProblemKind::Value, message));
        }
    }
    if problems.is_empty() {
        Ok(asked)
    } else {
        Err(invalid(problems))
    }
}

impl Asked {
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "agentId" => self.query.agent = Some(value.to_owned()),
            "status" => {
                let pair = STATUSES.iter().find(|(theirs, _)| *theirs == value);
                let (_, ours) = pair.ok_or_else(|| {
                    let words = STATUSES.map(|(theirs, _)| theirs).join(", ");
                    format!("use one of {words}")
                })?;
                self.query.statuses = vec![(*ours).to_owned()];
            }
            "direction" => match value {
                "inbound" | "outbound" => self.query.direction = Some(value.to_owned()),
                _ => return Err("use inbound or outbound".into()),
            },
            "callType" => match value {
                "sip" => self.query.is_phone = Some(true),
                "web" => self.query.is_phone = Some(false),
                _ => return Err("use sip or web".into()),
            },
            "search" => self.query.search = Some(value.to_owned()),
            "callIds" => {
                let ids: Vec<String> = serde_json::from_str(value)
                    .map_err(|_| "use a JSON list of ids, such as [\"call_1\"]")?;
                if ids.len() > IDS_MAX {
                    return Err(format!("at most {IDS_MAX} ids"));
                }
                self.ids = Some(ids);
            }
            "dateRange" => {
                let range: Value = serde_json::from_str(value).map_err(
                    |_| "use JSON such as {\"from\":\"2026-01-31\",\"to\":\"2026-02-01\"}",
                )?;
                self.query.from_ms = moment(&range["from"], false)?;
                self.query.to_ms = moment(&range["to"], true)?;
            }
            "pathwayId" | "batchId" => self.is_of_nothing = true,
            _ => {}
        }
        Ok(())
    }
}

/// A time, or a day, of which the end is meant where a range ends.
fn moment(value: &Value, is_end: bool) -> Result<Option<i64>, String> {
    let Some(text) = value.as_str() else {
        return match value {
            Value::Null => Ok(None),
            Value::Number(millis) => Ok(millis.as_i64()),
            _ => Err("from and to are times".into()),
        };
    };
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Some(moment.as_millisecond()));
    }
    let day = format!("{text}T00:00:00Z").parse::<Timestamp>();
    let day = day.map_err(|_| "from and to are times such as 2026-01-31T09:30:00Z, or days")?;
    let beginning = day.as_millisecond();
    Ok(Some(if is_end {
        beginning + 86_400_000
    } else {
        beginning
    }))
}

/// A call as the platform shows it.
pub(super) fn shown(call: &CallView) -> Value {
    let document = &call.document;
    let status = STATUSES.iter().find(|(_, ours)| *ours == call.status);
    let transcript = document.turns.iter().map(|turn| {
        let role = match turn.role {
            TranscriptRole::Caller => "user",
            TranscriptRole::Agent => "assistant",
        };
        json!({
            "role": role,
            "content": turn.text,
            "timestamp": rfc3339(call.moment_ms(turn.at_ms)),
            "interrupted": turn.interrupted,
        })
    });
    let transcript: Vec<Value> = transcript.collect();
    let is_phone = document.from_number.is_some() || document.to_number.is_some();
    json!({
        "_id": call.id,
        "workspaceId": call.workspace,
        "agentId": call.agent,
        "callFlowId": null,
        "roomName": call.id,
        "direction": document.direction,
        "callType": if is_phone { "sip" } else { "web" },
        "fromPhoneNumber": document.from_number,
        "toPhoneNumber": document.to_number,
        "status": status.map_or(call.status.as_str(), |(theirs, _)| theirs),
        "startTime": rfc3339(call.started_at_ms),
        "endTime": call.ended_at_ms.map(rfc3339),
        "duration": call.duration_ms().map(|it| it / 1_000),
        "endedReason": document.ended_reason,
        "cost": null,
        "metadata": document.metadata,
        "functionCalls": [],
        "summary": null,
        "analyzedData": null,
        "transcript": transcript,
        "recordingUrl": null,
        "variables": document.variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_times_or_of_whole_days() {
        let at = |text: &str, is_end| moment(&json!(text), is_end);
        assert_eq!(at("1970-01-02", false), Ok(Some(86_400_000)));
        assert_eq!(at("1970-01-02", true), Ok(Some(2 * 86_400_000)));
        assert_eq!(at("1970-01-01T00:00:01+00:00", true), Ok(Some(1_000)));
        assert!(at("yesterday", true).is_err());
        assert_eq!(moment(&Value::Null, true), Ok(None));
    }
}
