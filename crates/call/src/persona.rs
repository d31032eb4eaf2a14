//! Who answers this call: the agent with this call's variables.

use std::sync::Arc;

use offhook_agent::{Agent, CallVariables};
use offhook_contract::{ChatOptions, SpeechRequest};
use offhook_turn_taking::Line;

/// An agent as it takes one call; it does not change while the call runs.
#[derive(Debug, Clone)]
pub struct Persona {
    agent: Arc<Agent>,
    variables: CallVariables,
}

impl Persona {
    /// `agent` with the values that this call gives to its variables.
    #[must_use]
    pub const fn new(agent: Arc<Agent>, variables: CallVariables) -> Self {
        Self { agent, variables }
    }

    /// The agent.
    #[must_use]
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Instructions to the chat model.
    #[must_use]
    pub fn system_prompt(&self) -> String {
        self.agent.system_prompt(&self.variables)
    }

    /// The text of a configured line; empty where nothing is to be said.
    #[must_use]
    pub fn line(&self, line: Line) -> String {
        self.agent.line(line, &self.variables)
    }

    /// How the voice speaks.
    #[must_use]
    pub fn speech(&self) -> SpeechRequest {
        let voice = self.agent.voice();
        SpeechRequest {
            voice: voice.id.clone(),
            language: voice.language.clone(),
            speed: voice.speed,
        }
    }

    /// How the chat model writes.
    #[must_use]
    pub fn chat_options(&self) -> ChatOptions {
        let chat = self.agent.chat();
        ChatOptions {
            temperature: chat.temperature,
            tokens_max: chat.reply_tokens_max,
        }
    }
}
