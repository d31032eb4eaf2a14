//! The server's settings, `offhook.toml`: read, checked, all problems at once.

mod telephony;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use offhook_agent::parse_duration;
use offhook_transport::websocket::SocketLimits;
use serde::Deserialize;

use crate::outcome::Complaint;
use crate::stack::{ModelSettings, ModelsDocument};
use telephony::{TelephonyDocument, TelephonySettings};

/// The settings, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Where telephone systems connect over `AudioSocket`, if they may.
    pub(crate) audio_socket: Option<SocketAddr>,
    /// Where carriers reach this server, without a slash at its end.
    pub(crate) public_url: Option<String>,
    /// The folder of agents.
    pub(crate) agents: PathBuf,
    /// The folder of the database and the master key.
    pub(crate) data: PathBuf,
    /// The database, where it is not in that folder.
    pub(crate) database: Option<String>,
    pub(crate) calls_max: usize,
    /// Calls that a workspace may have at the same time.
    pub(crate) workspace_calls_max: Option<u32>,
    pub(crate) api: ApiDocument,
    pub(crate) telephony: TelephonySettings,
    pub(crate) models_directory: Option<PathBuf>,
    pub(crate) models: ModelSettings,
    pub(crate) lead: Duration,
    pub(crate) limits: SocketLimits,
    pub(crate) log_level: tracing::Level,
    pub(crate) is_log_json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    listen: String,
    public_url: Option<String>,
    audio_socket: Option<String>,
    agents: PathBuf,
    data: PathBuf,
    database: Option<String>,
    calls_max: usize,
    workspace_calls_max: Option<u32>,
    api: ApiDocument,
    telephony: TelephonyDocument,
    models: ModelsDocument,
    session: SessionDocument,
    log: LogDocument,
}

/// How the APIs are served.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApiDocument {
    pub(crate) shared_paths: PlatformDocument,
    /// Of each key.
    pub(crate) requests_per_minute: u32,
    /// How many of them may come at once.
    pub(crate) burst: u32,
    /// Whether webhooks may lead into private networks and need no TLS.
    pub(crate) private_webhooks: bool,
}

/// The platforms that share paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PlatformDocument {
    AgentPhone,
    Wordcab,
}

impl ApiDocument {
    fn check(&self, problems: &mut Problems) {
        for (path, count) in [
            ("api.requests_per_minute", self.requests_per_minute),
            ("api.burst", self.burst),
        ] {
            if count == 0 {
                let problem = "0 would refuse every request; write 1 or more";
                problems.0.push(format!("{path}: {problem}"));
            }
        }
    }
}

impl Default for ApiDocument {
    fn default() -> Self {
        Self {
            shared_paths: PlatformDocument::AgentPhone,
            requests_per_minute: 1_000,
            burst: 200,
            private_webhooks: false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SessionDocument {
    lead: String,
    start_timeout: String,
    idle_timeout: String,
    stall_max: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogDocument {
    level: String,
    format: String,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: None,
            audio_socket: None,
            agents: "agents".into(),
            data: "../data".into(),
            database: None,
            calls_max: 2,
            workspace_calls_max: None,
            api: ApiDocument::default(),
            telephony: TelephonyDocument::default(),
            models: ModelsDocument::default(),
            session: SessionDocument::default(),
            log: LogDocument::default(),
        }
    }
}

impl Default for SessionDocument {
    fn default() -> Self {
        Self {
            lead: "200ms".into(),
            start_timeout: "10s".into(),
            idle_timeout: "30s".into(),
            stall_max: "10s".into(),
        }
    }
}

impl Default for LogDocument {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: "text".into(),
        }
    }
}

impl Settings {
    /// Reads and checks the file at `path`. Folders in it are relative to the file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|problem| {
            Complaint::bad_input(format!("cannot read {}: {problem}", path.display()))
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder)
            .map_err(|problems| Complaint::bad_input(format!("{}: {problems}", path.display())))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let document: Document = toml::from_str(text).map_err(|problem| problem.to_string())?;
        let mut problems = Problems(Vec::new());
        let listen = problems.take("listen", document.listen.parse::<SocketAddr>());
        let public_url = document.public_url.as_deref().map(public_url);
        let public_url = public_url.and_then(|url| problems.take("public_url", url));
        let audio_socket = document.audio_socket.map(|address| address.parse());
        let audio_socket = audio_socket.and_then(|it| problems.take("audio_socket", it));
        let calls = [
            ("calls_max", document.calls_max == 0),
            (
                "workspace_calls_max",
                document.workspace_calls_max == Some(0),
            ),
        ];
        for (path, _) in calls.iter().filter(|(_, is_none)| *is_none) {
            let problem = "0 would refuse every call; write 1 or more";
            problems.0.push(format!("{path}: {problem}"));
        }
        let models = ModelSettings::read(&document.models, |problem| problems.0.push(problem));
        document.api.check(&mut problems);
        let telephony = document.telephony.read(&mut problems);
        let session = document.session;
        let lead = problems.duration("session.lead", &session.lead);
        let start_timeout = problems.duration("session.start_timeout", &session.start_timeout);
        let idle_timeout = problems.duration("session.idle_timeout", &session.idle_timeout);
        let stall_max = problems.duration("session.stall_max", &session.stall_max);
        let log_level = problems.take("log.level", document.log.level.parse::<tracing::Level>());
        if !matches!(document.log.format.as_str(), "text" | "json") {
            problems.0.push(format!(
                "log.format: \"{}\" is not text or json",
                document.log.format
            ));
        }
        let (Some(listen), Some(log_level)) = (listen, log_level) else {
            return Err(problems.0.join("\n  "));
        };
        if !problems.0.is_empty() {
            return Err(problems.0.join("\n  "));
        }
        Ok(Self {
            listen,
            public_url,
            audio_socket,
            agents: folder.join(document.agents),
            data: folder.join(document.data),
            database: document.database,
            calls_max: document.calls_max,
            workspace_calls_max: document.workspace_calls_max,
            api: document.api,
            telephony,
            models_directory: document.models.directory.map(|path| folder.join(path)),
            models,
            lead,
            limits: SocketLimits {
                start_timeout,
                idle_timeout,
                stall_max,
                ..SocketLimits::default()
            },
            log_level,
            is_log_json: document.log.format == "json",
        })
    }
}

/// An address of this server that others use, without a slash at its end.
fn public_url(text: &str) -> Result<String, String> {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_plain = |host: &str| {
        !host.is_empty() && !host.starts_with('/') && !host.contains(['?', '#', '@', ' ', '"'])
    };
    if host.is_some_and(is_plain) {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err(format!(
        "\"{text}\" is no address such as https://voice.example.com"
    ))
}

/// Everything that is wrong, each with its path.
struct Problems(Vec<String>);

impl Problems {
    fn take<T, E: std::fmt::Display>(&mut self, path: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|problem| self.0.push(format!("{path}: {problem}")))
            .ok()
    }

    fn duration(&mut self, path: &str, text: &str) -> Duration {
        self.take(path, parse_duration(text)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_means_the_defaults() {
        let settings = Settings::parse("", Path::new("configs")).expect("valid");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.agents, Path::new("configs/agents"));
        assert_eq!(settings.lead, Duration::from_millis(200));
        assert_eq!(settings.public_url, None);
    }

    #[test]
    fn the_public_address_has_no_slash_at_its_end() {
        let text = "public_url = \"https://voice.example/phone/\"";
        let settings = Settings::parse(text, Path::new(".")).expect("valid");
        let expected = "https://voice.example/phone";
        assert_eq!(settings.public_url.as_deref(), Some(expected));
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let text = "listen = \"here\"\npublic_url = \"voice.example\"\naudio_socket = \"9092\"\ncalls_max = 0\nworkspace_calls_max = 0\n[api]\nburst = 0\n[session]\nlead = \"200\"\n[log]\nformat = \"xml\"\n";
        let problems = Settings::parse(text, Path::new(".")).expect_err("not valid");
        for path in [
            "listen: ",
            "public_url: ",
            "audio_socket: ",
            "calls_max: ",
            "workspace_calls_max: ",
            "api.burst: ",
            "session.lead: ",
            "log.format: ",
        ] {
            assert!(problems.contains(path), "{path} is missing in {problems}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        let problem = Settings::parse("port = 1", Path::new(".")).expect_err("not valid");
        assert!(problem.contains("port"), "{problem}");
    }

    #[test]
    fn the_settings_in_this_repository_are_valid() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/offhook.toml");
        Settings::read(&path).expect("valid");
    }
}
