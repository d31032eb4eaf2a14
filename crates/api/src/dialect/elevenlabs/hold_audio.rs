//! What callers hear who wait in an agent's queue: `…/agents/{id}/hold-audio` takes a file.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use offhook_media::{SampleRate, SoundLoop, read_sound_file};
use offhook_store::{PageQuery, StoredObject, Workspace};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::DIALECT;
use super::routes::Answer;
use crate::base_url::base_url;
use crate::dialect::agents::{self, invalid};
use crate::dialect::problem::{Problem, ProblemKind};
use crate::speech::wav_header;
use crate::{Access, Api, Refusal};

const KIND: &str = "elevenlabs.hold_audio";
const ID_PREFIX: &str = "hold";
const FILE: &str = "hold_audio_file";
/// The rate at which it is kept.
const RATE: SampleRate = SampleRate::HZ_16000;
/// The longest clip; it goes on from its beginning.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<Api> {
    let audio = post(set).get(hear).delete(remove);
    Router::new()
        .route("/agents/{id}/hold-audio", audio)
        .layer(DefaultBodyLimit::disable())
}

/// Takes a file in place of the one before.
async fn set(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    headers: HeaderMap,
    form: Multipart,
) -> Answer {
    let workspace = &access.workspace;
    workspace.agent(&agent).await?;
    let (filename, bytes) = file_in(form).await?;
    let size = bytes.len();
    let read = spawn_blocking(move || read_sound_file(bytes, RATE, LONGEST)).await;
    let read = read.map_err(|problem| unreadable(&problem.to_string()))?;
    let samples = read.map_err(|problem| unreadable(&problem.to_string()))?;
    let path = format!("/v1/convai/agents/{agent}/hold-audio");
    let config = json!({
        "audio_path": path,
        "audio_url": format!("{}{path}", base_url(&headers)),
        "original_filename": filename,
        "duration_secs": samples.len() as f64 / f64::from(RATE.hz()),
        "size_bytes": size,
    });
    let before = kept(workspace, &agent).await?;
    let bytes: Vec<u8> = samples.iter().flat_map(|it| it.to_le_bytes()).collect();
    let document = json!({ "name": agent, "pcm": BASE64.encode(bytes) });
    workspace.create_object(KIND, ID_PREFIX, document).await?;
    forget(workspace, before).await?;
    show(&api, &access, &agent, &config).await?;
    Ok(Json(json!({ "agent_id": agent, "hold_audio": config })))
}

/// Whoever waits hears the tone again.
async fn remove(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
) -> Answer {
    access.workspace.agent(&agent).await?;
    let before = kept(&access.workspace, &agent).await?;
    forget(&access.workspace, before).await?;
    show(&api, &access, &agent, &Value::Null).await?;
    Ok(Json(json!({ "agent_id": agent })))
}

/// What is kept, as a WAV file.
async fn hear(
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
) -> Result<Response, Refusal> {
    let sound = sound_of(&access.workspace, &agent).await?;
    let sound = sound.ok_or_else(|| Refusal::not_found("hold audio"))?;
    let audio = sound.samples().iter().flat_map(|it| it.to_le_bytes());
    let size = u32::try_from(sound.samples().len() * 2).ok();
    let file: Vec<u8> = wav_header(RATE, size).into_iter().chain(audio).collect();
    Ok(([(header::CONTENT_TYPE, "audio/wav")], file).into_response())
}

/// What callers hear who wait for an agent; `None`: the usual tone.
pub(super) async fn sound_of(
    workspace: &Workspace,
    agent: &str,
) -> Result<Option<SoundLoop>, Refusal> {
    let Some(newest) = kept(workspace, agent).await?.into_iter().next() else {
        return Ok(None);
    };
    let text = newest.document["pcm"].as_str().unwrap_or_default();
    let bytes = BASE64.decode(text).unwrap_or_default();
    let samples = bytes.chunks_exact(2);
    let samples: Vec<i16> = samples
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    Ok(Some(SoundLoop::new(RATE, &samples)))
}

/// The agent shows what is set.
async fn show(api: &Api, access: &Access, agent: &str, config: &Value) -> Result<(), Refusal> {
    let body = json!({ "platform_settings": { "queueing_config": { "hold_audio": config } } });
    agents::update(api, access, &DIALECT, agent, &body).await?;
    Ok(())
}

/// What is kept for an agent, the newest first.
async fn kept(workspace: &Workspace, agent: &str) -> Result<Vec<StoredObject>, Refusal> {
    let query = PageQuery {
        search: Some(agent.to_owned()),
        ..PageQuery::default()
    };
    let found = workspace.objects(KIND, &query).await?.items.into_iter();
    Ok(found.filter(|it| it.document["name"] == agent).collect())
}

async fn forget(workspace: &Workspace, objects: Vec<StoredObject>) -> Result<(), Refusal> {
    for object in objects {
        workspace.delete_object(KIND, &object.id, None).await?;
    }
    Ok(())
}

async fn file_in(mut form: Multipart) -> Result<(String, Vec<u8>), Refusal> {
    let malformed = |problem: axum::extract::multipart::MultipartError| {
        let message = format!("the form cannot be read: {problem}");
        Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
    };
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        if part.name() == Some(FILE) {
            let name = part.file_name().unwrap_or("file").to_owned();
            let bytes = part.bytes().await.map_err(malformed)?;
            return Ok((name, bytes.to_vec()));
        }
    }
    let problem = Problem::at(FILE, ProblemKind::Missing, "Field required");
    Err(invalid(vec![problem]))
}

fn unreadable(problem: &str) -> Refusal {
    let problem = Problem::at(FILE, ProblemKind::Value, problem);
    invalid(vec![problem])
}
