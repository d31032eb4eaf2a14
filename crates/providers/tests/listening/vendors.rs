//! The vendors whose recognisers listen, and where they differ.

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use offhook_contract::SpeechToText;
use offhook_providers::assemblyai::{AssemblyAiConfig, AssemblyAiSpeech};
use offhook_providers::deepgram::{
    DeepgramConfig, DeepgramFlux, DeepgramFluxConfig, DeepgramSpeech,
};
use offhook_providers::elevenlabs::{ElevenLabsScribe, ElevenLabsScribeConfig};
use offhook_providers::hosted::{Account, ListeningLimits};
use offhook_providers::openai::{OpenAiRealtime, OpenAiRealtimeConfig};
use offhook_providers::vllm::{VllmRealtime, VllmRealtimeConfig};
use offhook_simulators::{
    Behaviour, Script, Serving, assemblyai, deepgram, elevenlabs, openai, vllm,
};

/// A vendor and its simulator.
#[derive(Clone, Copy)]
pub(crate) struct Vendor {
    pub(crate) name: &'static str,
    /// Behind the address of its server.
    pub(crate) path: &'static str,
    pub(crate) serve: fn(Behaviour, Script) -> BoxFuture<'static, io::Result<Serving>>,
    pub(crate) recogniser: fn(Account, ListeningLimits) -> Arc<dyn SpeechToText>,
    pub(crate) wrong_key: &'static str,
    /// What it is sent where an utterance ends, where a call is silent, and where it is over.
    pub(crate) finalise: &'static str,
    /// How many of these there are for an utterance.
    pub(crate) per_utterance: usize,
    pub(crate) keep_alive: &'static str,
    pub(crate) goodbye: Option<&'static str>,
    /// It tells words while the caller speaks.
    pub(crate) is_live: bool,
}

pub(crate) const DEEPGRAM: Vendor = Vendor {
    name: "deepgram",
    path: "/v1",
    serve: |behaviour, script| Box::pin(Serving::here(deepgram::routes(behaviour, script))),
    recogniser: |account, limits| {
        Arc::new(DeepgramSpeech::new(DeepgramConfig {
            account,
            model: "nova-3".into(),
            limits,
        }))
    },
    wrong_key: deepgram::WRONG_KEY,
    finalise: "Finalize",
    per_utterance: 1,
    keep_alive: "KeepAlive",
    goodbye: Some("CloseStream"),
    is_live: true,
};

pub(crate) const FLUX: Vendor = Vendor {
    name: "deepgram, flux",
    recogniser: |account, limits| {
        Arc::new(DeepgramFlux::new(DeepgramFluxConfig {
            keyterms: vec!["Offhook".into()],
            limits,
            ..DeepgramFluxConfig::new(account, "flux-general-en")
        }))
    },
    finalise: "ForceEndTurn",
    keep_alive: "ping",
    ..DEEPGRAM
};

pub(crate) const OPENAI: Vendor = Vendor {
    name: "openai",
    path: "/v1",
    serve: |behaviour, script| Box::pin(Serving::here(openai::listening(behaviour, script))),
    recogniser: |account, limits| openai_model("gpt-4o-transcribe", account, limits),
    wrong_key: openai::WRONG_KEY,
    finalise: "input_audio_buffer.commit",
    per_utterance: 1,
    keep_alive: "ping",
    goodbye: None,
    is_live: false,
};

pub(crate) const OPENAI_LIVE: Vendor = Vendor {
    name: "openai, live",
    recogniser: |account, limits| openai_model("gpt-live-transcribe", account, limits),
    is_live: true,
    ..OPENAI
};

fn openai_model(name: &str, account: Account, limits: ListeningLimits) -> Arc<dyn SpeechToText> {
    Arc::new(OpenAiRealtime::new(OpenAiRealtimeConfig {
        limits,
        ..OpenAiRealtimeConfig::new(account, name)
    }))
}

pub(crate) const ELEVENLABS: Vendor = Vendor {
    name: "elevenlabs",
    path: "",
    serve: |behaviour, script| Box::pin(Serving::here(elevenlabs::listening(behaviour, script))),
    recogniser: |account, limits| {
        Arc::new(ElevenLabsScribe::new(ElevenLabsScribeConfig {
            keyterms: vec!["Offhook".into()],
            limits,
            ..ElevenLabsScribeConfig::new(account, "scribe_v2_realtime")
        }))
    },
    wrong_key: elevenlabs::WRONG_KEY,
    finalise: "input_audio_chunk",
    per_utterance: 1,
    keep_alive: "silence",
    goodbye: None,
    is_live: true,
};

pub(crate) const ASSEMBLYAI: Vendor = Vendor {
    name: "assemblyai",
    path: "",
    serve: |behaviour, script| Box::pin(Serving::here(assemblyai::routes(behaviour, script))),
    recogniser: |account, limits| {
        Arc::new(AssemblyAiSpeech::new(AssemblyAiConfig {
            keyterms: vec!["Offhook".into()],
            limits,
            ..AssemblyAiConfig::new(account, "u3-rt-pro")
        }))
    },
    wrong_key: assemblyai::WRONG_KEY,
    finalise: "ForceEndpoint",
    per_utterance: 1,
    keep_alive: "KeepAlive",
    goodbye: Some("Terminate"),
    is_live: true,
};

pub(crate) const VLLM: Vendor = Vendor {
    name: "vllm",
    serve: |behaviour, script| Box::pin(Serving::here(vllm::routes(behaviour, script))),
    recogniser: |account, limits| {
        Arc::new(VllmRealtime::new(VllmRealtimeConfig {
            limits,
            ..VllmRealtimeConfig::new(account, "voxtral-realtime")
        }))
    },
    wrong_key: vllm::WRONG_KEY,
    per_utterance: 2,
    is_live: true,
    ..OPENAI
};

pub(crate) const ALL: [Vendor; 7] = [
    DEEPGRAM,
    FLUX,
    OPENAI,
    OPENAI_LIVE,
    ELEVENLABS,
    ASSEMBLYAI,
    VLLM,
];
