//! `simulate-providers`: vendors' servers on this machine, with chosen delays and bad days.

use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use clap::Parser;
use offhook_simulators::{
    Behaviour, Delays, Latency, Script, Serving, anthropic, assemblyai, cartesia, deepgram,
    elevenlabs, gemini, google, openai, rime, vllm,
};

/// A piece of sound lasts 300 ms and takes a quarter of that.
const SOUND_EVERY: Duration = Duration::from_millis(75);

/// Servers that speak as vendors' do.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where OpenAI's API is served, below /v1.
    #[arg(long, default_value = "127.0.0.1:0")]
    openai: SocketAddr,
    /// Where Anthropic's API is served.
    #[arg(long, default_value = "127.0.0.1:0")]
    anthropic: SocketAddr,
    /// Where AssemblyAI's API is served; it hears words in anything loud.
    #[arg(long, default_value = "127.0.0.1:0")]
    assemblyai: SocketAddr,
    /// Where Cartesia's API is served.
    #[arg(long, default_value = "127.0.0.1:0")]
    cartesia: SocketAddr,
    /// Where ElevenLabs' API is served.
    #[arg(long, default_value = "127.0.0.1:0")]
    elevenlabs: SocketAddr,
    /// Where Google's Gemini API is served.
    #[arg(long, default_value = "127.0.0.1:0")]
    gemini: SocketAddr,
    /// Where Google Cloud's Text-to-Speech and Speech-to-Text are served.
    #[arg(long, default_value = "127.0.0.1:0")]
    google: SocketAddr,
    /// Where Rime's API is served.
    #[arg(long, default_value = "127.0.0.1:0")]
    rime: SocketAddr,
    /// Where Deepgram's API is served, below /v1; it hears words in anything loud.
    #[arg(long, default_value = "127.0.0.1:0")]
    deepgram: SocketAddr,
    /// Where vLLM's live recognition is served, below /v1; it hears words in anything loud.
    #[arg(long, default_value = "127.0.0.1:0")]
    vllm: SocketAddr,
    /// Milliseconds from the end of an utterance to its transcript.
    #[arg(long, default_value_t = 150)]
    transcript_ms: u64,
    /// Milliseconds from a chat request to its first token: the median.
    #[arg(long, default_value_t = 350)]
    first_token_ms: u64,
    /// The same for the 95th percentile; left out, all waits are the median.
    #[arg(long)]
    first_token_p95_ms: Option<u64>,
    /// Tokens a second after the first; 0: all at once.
    #[arg(long, default_value_t = 60.0)]
    tokens_per_second: f64,
    /// Milliseconds from a text to the first of its sound; the rest comes at four times the pace of
    /// speech, or at once where this is 0.
    #[arg(long, default_value_t = 120)]
    first_audio_ms: u64,
    /// Requests in a thousand that go wrong.
    #[arg(long, default_value_t = 0)]
    faults_per_mille: u32,
    /// What waits and faults are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let median = Duration::from_millis(arguments.first_token_ms);
    let first = Latency {
        median,
        p95: (arguments.first_token_p95_ms).map_or(median, Duration::from_millis),
    };
    let between = match arguments.tokens_per_second {
        0.0 => Duration::ZERO,
        tokens => Duration::try_from_secs_f64(1.0 / tokens)?,
    };
    let between = Latency::fixed(between);
    let behaviour = Behaviour::new(arguments.seed)
        .with_delays(Delays { first, between })
        .with_faults(arguments.faults_per_mille);
    let wait = Latency::fixed(Duration::from_millis(arguments.transcript_ms));
    let hearing = Behaviour::new(arguments.seed)
        .with_delays(Delays {
            first: wait,
            between: wait,
        })
        .with_faults(arguments.faults_per_mille);
    let speaking = speaking(&arguments);
    let script = Script::of_anything();
    let heard = assemblyai::routes(hearing.clone(), script.clone());
    let assemblyai = Serving::start(arguments.assemblyai, heard).await?;
    println!("assemblyai http://{}", assemblyai.address);
    let heard = vllm::routes(hearing.clone(), script.clone());
    let vllm = Serving::start(arguments.vllm, heard).await?;
    println!("vllm http://{}/v1", vllm.address);
    let listening = elevenlabs::listening(hearing.clone(), script.clone());
    let live = openai::listening(hearing.clone(), script.clone());
    let counted = behaviour.clone();
    let live = openai::routes(behaviour.clone())
        .merge(live)
        .route("/asked", get(async move || counted.asked().to_string()));
    let openai = Serving::start(arguments.openai, live).await?;
    let heard = deepgram::routes(hearing, script);
    let heard = heard.merge(deepgram::voices(speaking.clone()));
    let deepgram = Serving::start(arguments.deepgram, heard).await?;
    println!("deepgram http://{}/v1", deepgram.address);
    println!("openai http://{}/v1", openai.address);
    let anthropic = anthropic::routes(behaviour.clone());
    let anthropic = Serving::start(arguments.anthropic, anthropic).await?;
    println!("anthropic http://{}", anthropic.address);
    let gemini = gemini::routes(behaviour);
    let gemini = Serving::start(arguments.gemini, gemini).await?;
    println!("gemini http://{}", gemini.address);
    let cartesia = cartesia::routes(speaking.clone());
    let cartesia = Serving::start(arguments.cartesia, cartesia).await?;
    println!("cartesia http://{}", cartesia.address);
    let google = Serving::start(arguments.google, google::routes(speaking.clone())).await?;
    println!("google http://{}", google.address);
    let rime = Serving::start(arguments.rime, rime::routes(speaking.clone())).await?;
    println!("rime http://{}", rime.address);
    let elevenlabs = elevenlabs::routes(speaking).merge(listening);
    let elevenlabs = Serving::start(arguments.elevenlabs, elevenlabs).await?;
    println!("elevenlabs http://{}", elevenlabs.address);
    openai.wait().await;
    Ok(())
}

/// How voices behave, all alike.
fn speaking(arguments: &Arguments) -> Behaviour {
    let first_sound = Duration::from_millis(arguments.first_audio_ms);
    let delays = Delays {
        first: Latency::fixed(first_sound),
        between: Latency::fixed(SOUND_EVERY.min(first_sound)),
    };
    Behaviour::new(arguments.seed)
        .with_delays(delays)
        .with_faults(arguments.faults_per_mille)
}
