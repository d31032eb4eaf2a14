//! The arguments of every command.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::keys::KeysArguments;
use crate::models::ModelsArgs;

/// A realtime voice call runtime for AI agents.
#[derive(Debug, Parser)]
#[command(
    name = "offhook",
    version,
    after_help = "Exit codes: 0 done; 1 the call missed an expectation; 2 bad input; \
                  3 models missing or damaged; 4 anything else.\n\
                  OFFHOOK_LOG sets the log filter (such as `debug`); OFFHOOK_MODELS_DIR the \
                  folder of the models."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hold one real call with the embedded models and a simulated caller.
    Demo(DemoArguments),
    /// Let a WAV file or a scenario call an agent.
    Call(Box<CallArguments>),
    /// Serve the APIs of agents, and answer WebSocket sessions on `/v1/session?agent=NAME|ID`.
    Serve(ServeArguments),
    /// Measure what calls cost, with simulated callers and providers.
    Bench(BenchArguments),
    /// Name every problem of agent and scenario files.
    Check(CheckArguments),
    /// Make, list and revoke API keys.
    Keys(KeysArguments),
    /// List, fetch and verify the embedded models.
    Models(ModelsArgs),
    /// Hand a call's facts to a new turn manager and compare its decisions with the log.
    Replay(ReplayArguments),
}

/// Arguments of `offhook demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// The agent that answers.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "configs/agents/receptionist.json"
    )]
    pub(crate) agent: PathBuf,
    /// What the caller does.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "configs/scenarios/demo.toml"
    )]
    pub(crate) scenario: PathBuf,
    /// Where report.json, call.wav, timeline.svg and facts.jsonl are written.
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    pub(crate) out: PathBuf,
    /// The chat model, by its name in the catalogue, or `openai/NAME`.
    #[arg(long, value_name = "MODEL")]
    pub(crate) chat_model: Option<String>,
    /// Print the report as JSON and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `offhook call`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("who").required(true).args(["caller", "scenario"]))]
pub(crate) struct CallArguments {
    /// The agent that answers: a file, or the id of an agent that is stored in `--data`.
    #[arg(long, value_name = "FILE|ID", required_unless_present = "url")]
    pub(crate) agent: Option<PathBuf>,
    /// The data folder of the server that keeps the agent.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    pub(crate) data: PathBuf,
    /// The server's database, where it is not in the data folder.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) database: Option<String>,
    /// A WAV file that speaks as the caller, at wall pace.
    #[arg(long, value_name = "WAV")]
    pub(crate) caller: Option<PathBuf>,
    /// A scenario that says what the caller does.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Settings whose `[models]` say which models serve, where there are such settings.
    #[arg(long, value_name = "FILE", default_value = "configs/offhook.toml")]
    pub(crate) config: PathBuf,
    /// Call a running server (`ws://host:port/v1/session?agent=NAME`) instead.
    #[arg(long, value_name = "URL", conflicts_with = "agent")]
    pub(crate) url: Option<String>,
    /// The API key for `--url`; better given in OFFHOOK_KEY, where no list of processes shows it.
    #[arg(
        long,
        value_name = "KEY",
        env = "OFFHOOK_KEY",
        hide_env_values = true,
        requires = "url"
    )]
    pub(crate) key: Option<String>,
    /// Write the call as stereo WAV: caller left, agent right.
    #[arg(long, value_name = "WAV")]
    pub(crate) out: Option<PathBuf>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Draw both tracks with the turn decisions and their reasons.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// Write the fact log, for `offhook replay`.
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// The chat model, by its name in the catalogue, or `openai/NAME`.
    #[arg(long, value_name = "MODEL")]
    pub(crate) chat_model: Option<String>,
    /// A variable of the agent's templates; may be given several times.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Print the report as JSON and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `offhook serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The server's settings.
    #[arg(long, value_name = "FILE", default_value = "configs/offhook.toml")]
    pub(crate) config: PathBuf,
    /// Address to listen on, instead of the settings'. Port 0 lets the system pick.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// The folder of the database and the master key, instead of the settings'.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// The database, such as `postgres://USER@HOST/DATABASE`, where it is not in the data folder.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) database: Option<String>,
    /// The chat model, by its name in the catalogue, or `openai/NAME`.
    #[arg(long, value_name = "MODEL")]
    pub(crate) chat_model: Option<String>,
    /// Send media streams straight back, to test a line: no agent, no model, no token.
    #[arg(long)]
    pub(crate) echo: bool,
}

/// Arguments of `offhook bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Calls at once, one level after the other; left out: 1 to 2000 in echo mode, 1 to 300 in full.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub(crate) calls: Option<Vec<usize>>,
    /// How callers reach the server.
    #[arg(long, default_value = "twilio")]
    pub(crate) leg: BenchLeg,
    /// How long each level is measured; one with less than ten calls three times as long.
    #[arg(long, value_name = "DURATION", default_value = "20s")]
    pub(crate) hold: String,
    /// What answers.
    #[arg(
        long,
        value_name = "MODES",
        value_delimiter = ',',
        default_value = "echo,full,typical"
    )]
    pub(crate) modes: Vec<BenchMode>,
    /// How long the simulated providers take in full mode.
    #[arg(long, default_value = "zero")]
    pub(crate) delays: BenchDelays,
    /// Of a thousand requests to the simulated providers, how many go wrong: they are refused, hang,
    /// break off or bring something senseless.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) faults_per_mille: u32,
    /// Draw where the server spends its time at the highest level of the pipeline, as a flame graph
    /// beside the report. It needs `perf` and the commands of inferno, which make a level dearer.
    #[arg(long)]
    pub(crate) profile: bool,
    /// The report; its tables and its picture are written beside it.
    #[arg(long, value_name = "FILE", default_value = "target/bench/load.json")]
    pub(crate) json: PathBuf,
    /// The program that simulates providers; left out, the one beside this executable.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) simulators: Option<PathBuf>,
    /// A folder of recordings of people, from which callers speak.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) clips: Option<PathBuf>,
}

/// How simulated calls come.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BenchLeg {
    /// As Twilio's media streams.
    Twilio,
    /// As Telnyx'.
    Telnyx,
    /// As Plivo's.
    Plivo,
    /// As Vonage's; it and those below have no echo.
    Vonage,
    /// As jambonz'.
    Jambonz,
    /// As Exotel's, in messages of 100 ms.
    Exotel,
    /// As Genesys' AudioHook.
    Genesys,
    /// As those of Asterisk's WebSocket channel.
    Asterisk,
    /// As those of FreeSWITCH's mod_audio_stream.
    Freeswitch,
    /// Over Asterisk's AudioSocket.
    AudioSocket,
    /// Over our own WebSocket.
    Session,
}

/// What answers simulated calls.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BenchMode {
    /// Frames come straight back.
    Echo,
    /// An agent with simulated providers.
    Full,
    /// The same with typical delays.
    Typical,
}

/// How long simulated providers take.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BenchDelays {
    /// They answer at once.
    Zero,
    /// Transcripts after 50 ms, a first token after 350 ms, first sound after 120 ms.
    Typical,
}

/// Arguments of `offhook check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Agent documents (.json), scenarios and settings (.toml).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Arguments of `offhook replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// A fact log, as `--facts` writes it.
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,
    /// Print every command of the replayed call with its reason.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Take turns by another policy, such as `interruption_sensitivity=0.3` or
    /// `no_input_timeout=5s`, and show what would have been different; may be given several times.
    #[arg(long = "set", value_name = "KNOB=VALUE")]
    pub(crate) knobs: Vec<String>,
}
