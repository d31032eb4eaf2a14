//! Wordcab's audio: text to speech and speech to text, by the models of this server.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Multipart, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use offhook_agent::ModelChoices;
use offhook_contract::{Diction, SpeechRequest, VoiceManner};
use offhook_media::WavReader;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::models::{Stage, named};
use crate::dialect::agents::invalid;
use crate::dialect::field::{Field, Kind, field, name, number, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::voices;
use crate::json_body::JsonBody;
use crate::speech::{
    AudioEncoder, AudioFormat, HeardStretch, RECORDING_RATE, SpokenAudio, listen, speak, wav_header,
};
use crate::{Api, Refusal};

const TEXT_CHARS_MAX: usize = 4_096;

/// Speech that is made within this time is answered with its length.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// The longest recording, in seconds.
const RECORDING_S_MAX: u64 = 1_800;

pub(super) static SPEECH: ObjectKind = ObjectKind {
    name: "wordcab.speech",
    id_prefix: "speech",
    title: "speech",
    fields: SPEECH_FIELDS,
};

const SPEECH_FIELDS: &[Field] = &[
    name("model").null_is_absent().default("\"qwen3-tts\""),
    field(
        "input",
        Kind::Text {
            min: 1,
            max: TEXT_CHARS_MAX,
        },
    )
    .required(),
    name("voice").required(),
    word(
        "response_format",
        &["mp3", "wav", "pcm16", "pcm", "ulaw", "opus"],
    )
    .null_is_absent()
    .default("\"wav\""),
    number("speed", 0.5, 2.0).null_is_absent().default("1"),
    number("pitch", -12.0, 12.0).null_is_absent().default("0"),
    word("style", &["neutral", "calm", "expressive"])
        .null_is_absent()
        .default("\"neutral\""),
    name("language").null_is_absent().default("\"en\""),
];

pub(super) async fn speech(
    State(api): State<Api>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    SPEECH.check(&body, false)?;
    let format = format_of(&body)?;
    let (model, served_by) = named(&api, "model", Stage::Voice, body["model"].as_str())?;
    let is_local = served_by.starts_with("local");
    let models = ModelChoices {
        voice: model,
        ..ModelChoices::default()
    };
    let providers = &api.providers(&models)?;
    let request = SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: Some(voice_of(&body, is_local)?),
        language: body["language"].as_str().unwrap_or("en").to_owned(),
        speed: body["speed"].as_f64().unwrap_or(1.0) as f32,
    };
    let text = body["input"].as_str().unwrap_or_default().to_owned();
    let spoken = speak(providers, request, text).await?;
    answer(format, spoken).await
}

fn wrong(path: &str, message: impl Into<String>) -> Refusal {
    invalid(vec![Problem::at(path, ProblemKind::Value, message)])
}

/// How the audio is to be written down; what cannot be done is refused.
fn format_of(body: &Value) -> Result<AudioFormat, Refusal> {
    if body["pitch"].as_f64().is_some_and(|pitch| pitch != 0.0) {
        return Err(wrong("pitch", "this server's voice has one pitch; use 0"));
    }
    if body["style"]
        .as_str()
        .is_some_and(|style| style != "neutral")
    {
        return Err(wrong(
            "style",
            "this server's voice has one style; use 'neutral'",
        ));
    }
    match body["response_format"].as_str().unwrap_or("wav") {
        "pcm16" | "pcm" => Ok(AudioFormat::Pcm16),
        "ulaw" => Ok(AudioFormat::MuLaw),
        "opus" => Ok(AudioFormat::Opus),
        "wav" => Ok(AudioFormat::Wav),
        _ => {
            let message = "this server makes no MP3; use 'wav', 'pcm16', 'ulaw' or 'opus'";
            Err(wrong("response_format", message))
        }
    }
}

/// The voice as the model knows it; those of hosted models are for their servers to judge.
fn voice_of(body: &Value, is_local: bool) -> Result<String, Refusal> {
    let named = body["voice"].as_str().unwrap_or_default();
    if !is_local {
        return Ok(named.to_owned());
    }
    let known = voices::named(named);
    known.map(str::to_owned).ok_or_else(|| {
        let known = super::objects::voice_ids().collect::<Vec<_>>().join(", ");
        wrong(
            "voice",
            format!("there is no such voice; use one of {known}"),
        )
    })
}

/// The audio as it is made. What is done soon is answered whole, with its length.
async fn answer(format: AudioFormat, mut spoken: SpokenAudio) -> Result<Response, Refusal> {
    let rate = spoken.rate;
    let encoder = AudioEncoder::new(format, rate).map_err(|problem| failed(&problem))?;
    let mut encoder = Some(encoder);
    let mut bytes = Vec::new();
    let soon = Instant::now() + WHOLE_WITHIN;
    let is_whole = loop {
        let next = match timeout_at(soon, next_bytes(&mut spoken, &mut encoder)).await {
            Ok(next) => next?,
            Err(_) => break false,
        };
        match next {
            Some(more) => bytes.extend(more),
            None => break true,
        }
    };
    let mut head = Vec::new();
    if format == AudioFormat::Wav {
        let length = u32::try_from(bytes.len()).ok().filter(|_| is_whole);
        head = wav_header(rate, length);
    }
    head.extend(bytes);
    let body = if is_whole {
        Body::from(head)
    } else {
        let state = (Some(head), spoken, encoder);
        Body::from_stream(stream::unfold(
            state,
            |(head, mut spoken, mut encoder)| async {
                if let Some(head) = head {
                    return Some((Ok(Bytes::from(head)), (None, spoken, encoder)));
                }
                let next = next_bytes(&mut spoken, &mut encoder).await;
                let next = next.map_err(|refusal| std::io::Error::other(refusal.message));
                let more = next.transpose()?;
                Some((more.map(Bytes::from), (None, spoken, encoder)))
            },
        ))
    };
    let kind = format.content_type(rate);
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// The next bytes; `None` after the last.
async fn next_bytes(
    spoken: &mut SpokenAudio,
    encoder: &mut Option<AudioEncoder>,
) -> Result<Option<Vec<u8>>, Refusal> {
    if encoder.is_none() {
        return Ok(None);
    }
    let stretch = spoken.stretches.recv().await.transpose()?;
    let bytes = match (stretch, encoder.take()) {
        (Some(samples), Some(mut at_work)) => {
            let bytes = at_work.push(&samples);
            *encoder = Some(at_work);
            bytes
        }
        (None, Some(at_work)) => at_work.finish(),
        (_, None) => return Ok(None),
    };
    bytes.map(Some).map_err(|problem| failed(&problem))
}

fn failed(problem: &dyn std::fmt::Display) -> Refusal {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refusal::new(status, "internal", problem.to_string())
}

/// What a client sent of a transcription.
#[derive(Default)]
struct Asked {
    file: Option<Bytes>,
    language: Option<String>,
    model: Option<String>,
    format: Option<String>,
}

pub(super) async fn transcriptions(
    State(api): State<Api>,
    form: Multipart,
) -> Result<Response, Refusal> {
    let asked = read(form).await?;
    let format = asked.format.as_deref().unwrap_or("json");
    if !["json", "text", "verbose_json"].contains(&format) {
        let message = "Input should be 'json', 'text' or 'verbose_json'";
        return Err(wrong("response_format", message));
    }
    let Some(file) = asked.file else {
        let message = "file is required: a WAV file";
        let problem = Problem::at("file", ProblemKind::Missing, message);
        return Err(invalid(vec![problem]));
    };
    let samples = tokio::task::spawn_blocking(move || samples_of(file))
        .await
        .map_err(|problem| failed(&problem))??;
    let language = asked.language.unwrap_or_else(|| "en".into());
    let (model, _) = named(&api, "model", Stage::Recognition, asked.model.as_deref())?;
    let models = ModelChoices {
        recognition: model,
        ..ModelChoices::default()
    };
    let heard = listen(&api.providers(&models)?, &language, &samples).await?;
    let seconds = samples.len() as f64 / f64::from(RECORDING_RATE.hz());
    let said = heard.iter().map(|it| it.text.as_str());
    let text = said
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    Ok(match format {
        "text" => format!("{text}\n").into_response(),
        "verbose_json" => Json(json!({
            "task": "transcribe",
            "language": language,
            "duration": seconds,
            "text": text,
            "segments": segments(&heard),
        }))
        .into_response(),
        _ => Json(json!({ "text": text })).into_response(),
    })
}

async fn read(mut form: Multipart) -> Result<Asked, Refusal> {
    let malformed = |problem: axum::extract::multipart::MultipartError| {
        Refusal::new(problem.status(), "malformed", problem.body_text())
    };
    let mut asked = Asked::default();
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" => asked.file = Some(part.bytes().await.map_err(malformed)?),
            "language" => asked.language = Some(part.text().await.map_err(malformed)?),
            "model" => asked.model = Some(part.text().await.map_err(malformed)?),
            "response_format" => asked.format = Some(part.text().await.map_err(malformed)?),
            // What else there is hints at how to recognise; this server's model takes no hints.
            _ => {
                part.bytes().await.map_err(malformed)?;
            }
        }
    }
    Ok(asked)
}

/// The recording at the rate at which it is heard.
fn samples_of(file: Bytes) -> Result<Vec<i16>, Refusal> {
    let unreadable = |problem: &dyn std::fmt::Display| wrong("file", problem.to_string());
    let reader = WavReader::new(std::io::Cursor::new(file)).map_err(|it| unreadable(&it))?;
    let seconds = reader.spec().duration().as_secs();
    if seconds > RECORDING_S_MAX {
        let message = format!("it lasts {seconds} s, longer than {RECORDING_S_MAX} s; cut it");
        return Err(wrong("file", message));
    }
    let wav = reader.read_all().map_err(|it| unreadable(&it))?;
    wav.mono_at(RECORDING_RATE).map_err(|it| unreadable(&it))
}

fn segments(heard: &[HeardStretch]) -> Vec<Value> {
    let said = heard.iter().filter(|it| !it.text.is_empty()).enumerate();
    let shown = said
        .map(|(id, it)| json!({ "id": id, "start": it.start_s, "end": it.end_s, "text": it.text }));
    shown.collect()
}
