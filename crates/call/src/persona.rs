//! Who answers this call: the agent with this call's variables.

use std::sync::Arc;

use offhook_agent::{Agent, CallVariables, ThinkingEffortDocument};
use offhook_contract::{
    ChatMessage, ChatOptions, ChatRequest, Role, SpeechRequest, SttRequest, ThinkingEffort,
    ThinkingOptions, VoiceManner,
};
use offhook_media::SampleRate;
use offhook_turn_taking::Line;

/// Longest filler that the chat model writes; one that is cut there is not spoken.
const FILLER_TOKENS_MAX: u32 = 32;

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

    /// The agent's filler of that number, from 0.
    #[must_use]
    pub fn filler(&self, index: u32) -> String {
        self.agent.filler(index, &self.variables)
    }

    /// What the chat model is asked for where it writes a filler itself, before it answers
    /// `caller_text`: little, so that it comes soon.
    #[must_use]
    pub fn filler_request(&self, caller_text: &str) -> ChatRequest {
        let instructions = self.agent.filler_instructions(&self.variables);
        ChatRequest {
            messages: Arc::new([
                ChatMessage::new(Role::System, instructions),
                ChatMessage::new(Role::Caller, caller_text),
            ]),
            options: ChatOptions {
                tokens_max: FILLER_TOKENS_MAX,
                thinking: ThinkingOptions::LEAST,
                ..self.chat_options()
            },
        }
    }

    /// How the caller is recognised, in audio at `rate`.
    #[must_use]
    pub fn listening(&self, rate: SampleRate) -> SttRequest {
        SttRequest {
            rate,
            language: self.agent.voice().language.clone(),
            keywords: self.agent.keywords().to_vec(),
        }
    }

    /// How the voice speaks.
    #[must_use]
    pub fn speech(&self) -> SpeechRequest {
        let voice = self.agent.voice();
        SpeechRequest {
            voice: voice.id.clone(),
            language: voice.language.clone(),
            speed: voice.speed,
            manner: VoiceManner {
                stability: voice.stability,
                similarity: voice.similarity,
            },
        }
    }

    /// How the chat model writes.
    #[must_use]
    pub fn chat_options(&self) -> ChatOptions {
        let chat = self.agent.chat();
        ChatOptions {
            temperature: chat.temperature,
            tokens_max: chat.reply_tokens_max,
            thinking: ThinkingOptions {
                effort: chat.thinking.effort.map(effort),
                tokens_max: chat.thinking.tokens_max,
            },
        }
    }
}

fn effort(document: ThinkingEffortDocument) -> ThinkingEffort {
    match document {
        ThinkingEffortDocument::None => ThinkingEffort::None,
        ThinkingEffortDocument::Minimal => ThinkingEffort::Minimal,
        ThinkingEffortDocument::Low => ThinkingEffort::Low,
        ThinkingEffortDocument::Medium => ThinkingEffort::Medium,
        ThinkingEffortDocument::High => ThinkingEffort::High,
        ThinkingEffortDocument::XHigh => ThinkingEffort::ExtraHigh,
        ThinkingEffortDocument::Max => ThinkingEffort::Max,
    }
}
