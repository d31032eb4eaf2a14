//! Which models serve the call: whether each has a name, and whether a server of the agent's own can
//! be spoken to.

use crate::check::Check;
use crate::limits;
use crate::model_id::{is_vendor, vendors};
use crate::template::is_variable_name;
use crate::{AgentDocument, ChatServerDocument, ModelChoices, ModelId};

impl Check {
    pub(super) fn models(&mut self, document: &AgentDocument) -> ModelChoices {
        let models = &document.models;
        if let Some(server) = &models.chat_server {
            self.chat_server(server);
        }
        for (vendor, secret) in &models.keys {
            let path = format!("models.keys.{vendor}");
            self.length(&path, secret, 1, limits::NAME_CHARS_MAX);
            if !is_vendor(vendor) {
                let problem = format!("is no vendor; use {}", vendors().join(", "));
                self.findings.add(path, problem);
            }
        }
        ModelChoices {
            chat: self.model("models.chat", models.chat.as_deref()),
            recognition: self.model("models.recognition", models.recognition.as_deref()),
            turn_detection: self.model("models.turn_detection", models.turn_detection.as_deref()),
            voice: self.model("models.voice", models.voice.as_deref()),
            chat_server: models.chat_server.clone(),
            chat_standby: models.chat_standby.as_deref().map(|it| self.standby(it)),
            chat_patience: self.duration(
                "models.chat_patience",
                models.chat_patience.as_ref(),
                limits::CHAT_PATIENCE,
            ),
            keys: models.keys.clone(),
        }
    }

    fn model(&mut self, path: &str, id: Option<&str>) -> Option<ModelId> {
        match id?.parse() {
            Ok(id) => Some(id),
            Err(error) => {
                let error: crate::ModelIdError = error;
                self.findings.add(path, error.to_string());
                None
            }
        }
    }

    fn standby(&mut self, names: &[String]) -> Vec<ModelId> {
        if names.len() > limits::STANDBY_MAX {
            let (count, most) = (names.len(), limits::STANDBY_MAX);
            let problem = format!("{count} are too many; at most {most}");
            self.findings.add("models.chat_standby", problem);
        }
        let models = names.iter().enumerate().filter_map(|(index, name)| {
            self.model(&format!("models.chat_standby[{index}]"), Some(name))
        });
        models.collect()
    }

    fn chat_server(&mut self, server: &ChatServerDocument) {
        let path = "models.chat_server";
        let is_http = ["https://", "http://"].iter().any(|scheme| {
            server
                .url
                .strip_prefix(scheme)
                .is_some_and(|it| !it.is_empty())
        });
        let is_plain = !server
            .url
            .contains(|c: char| c.is_whitespace() || c.is_control());
        if !is_http || !is_plain {
            let problem = "is no address; write it as https://models.example.com/v1";
            self.findings.add(format!("{path}.url"), problem);
        }
        self.length(
            &format!("{path}.url"),
            &server.url,
            1,
            limits::ADDRESS_CHARS_MAX,
        );
        self.length(
            &format!("{path}.model"),
            &server.model,
            1,
            limits::NAME_CHARS_MAX,
        );
        self.addressed(server);
        let headers =
            server.headers.len() + server.secret_headers.len() + server.variable_headers.len();
        if headers > limits::HEADERS_MAX {
            let problem = format!("too many headers; at most {}", limits::HEADERS_MAX);
            self.findings.add(format!("{path}.headers"), problem);
        }
        for (part, headers) in [
            ("headers", &server.headers),
            ("secret_headers", &server.secret_headers),
            ("variable_headers", &server.variable_headers),
        ] {
            for (name, value) in headers {
                if !is_header(name, value) {
                    let problem = "is no header; a name has letters, digits and \"-\", a value no \
                                   line break";
                    self.findings.add(format!("{path}.{part}.{name}"), problem);
                }
            }
        }
    }

    /// What of a request depends on the call or the version.
    fn addressed(&mut self, server: &ChatServerDocument) {
        for (header, variable) in &server.variable_headers {
            if !is_variable_name(variable) {
                let problem = format!("\"{variable}\" is no variable's name");
                let path = format!("models.chat_server.variable_headers.{header}");
                self.findings.add(path, problem);
            }
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let version = server.api_version.as_deref();
        if version.is_some_and(|it| it.is_empty() || !it.chars().all(is_plain)) {
            let problem = "is no version; it has letters, digits, \"-\", \".\" and \"_\"";
            self.findings.add("models.chat_server.api_version", problem);
        }
    }
}

fn is_header(name: &str, value: &str) -> bool {
    let is_named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty()
        && name.len() <= limits::NAME_CHARS_MAX
        && name.chars().all(is_named)
        && value.len() <= limits::ADDRESS_CHARS_MAX
        && value.chars().all(|c| c == '\t' || (' '..='~').contains(&c))
}

#[cfg(test)]
mod tests {
    use crate::Agent;

    fn problems(models: &str) -> Vec<String> {
        let text = format!(r#"{{"name":"Ava","prompt":"Be brief.","models":{models}}}"#);
        let read = Agent::from_json(&text);
        let problems = read.err().map(|problems| problems.0).unwrap_or_default();
        problems.into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_server_of_the_agents_own_needs_an_address_and_headers_that_are_some() {
        let server = r#"{"chat_server":{"url":"https://a.test/v1","model":"m",
            "headers":{"x-team":"voice"},"secret_headers":{"x-key":"secret_1"},
            "variable_headers":{"x-caller":"secret__token"},"api_version":"2025-01-01"}}"#;
        assert!(problems(server).is_empty());
        let wrong = r#"{"chat_server":{"url":"ftp://a.test","model":"m",
            "headers":{"x team":"voice","x-line":"a\nb"},
            "variable_headers":{"x-caller":"a b"},"api_version":"1&x"}}"#;
        let paths = [
            "models.chat_server.url",
            "models.chat_server.variable_headers.x-caller",
            "models.chat_server.api_version",
            "models.chat_server.headers.x team",
            "models.chat_server.headers.x-line",
        ];
        assert_eq!(problems(wrong), paths);
    }

    #[test]
    fn keys_are_those_of_vendors() {
        let keys = r#"{"keys":{"elevenlabs":"secret_1","nobody":"secret_2","rime":""}}"#;
        assert_eq!(problems(keys), ["models.keys.nobody", "models.keys.rime"]);
    }

    #[test]
    fn each_model_that_stands_by_has_a_name() {
        let standby = r#"{"chat_standby":["gpt-4o","nobody/gpt"],"chat_patience":"1ms"}"#;
        let paths = ["models.chat_standby[1]", "models.chat_patience"];
        assert_eq!(problems(standby), paths);
    }
}
