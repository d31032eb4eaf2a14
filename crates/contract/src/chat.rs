//! A chat model: opened once per call, so that what it has read stays read.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::ProviderError;

/// A chat model. One value serves many calls.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Opens the model for one call and reads `messages` (system prompt, greeting) into its
    /// prompt cache; returns when that is done, so that the first reply is quick.
    ///
    /// # Errors
    /// [`ProviderError`] where it cannot be had.
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError>;
}

/// One call's chat model. Dropping it frees its cache.
pub trait ChatCall: Send + Sync {
    /// Reads `messages` ahead, as far as they can be known (the last is an unfinished caller
    /// turn). Returns at once; the newest call wins; a reply that comes meanwhile goes first.
    fn prime(&self, messages: Arc<[ChatMessage]>);

    /// Begins to write the reply that follows `request.messages`. Returns at once. Dropping the
    /// receiver cancels within one token.
    fn reply(&self, request: ChatRequest) -> ChatReply;
}

/// The reply as it is written. Bounded by [`crate::EVENT_QUEUE`]; ends with `Finished` or
/// `Failed`.
pub type ChatReply = mpsc::Receiver<ChatEvent>;

/// What is to be answered.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// The whole conversation, system prompt first, the caller's turn last.
    pub messages: Arc<[ChatMessage]>,
    /// How to write.
    pub options: ChatOptions,
}

/// How to write.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatOptions {
    /// 0 always takes the likeliest token; `None` leaves it to the model.
    pub temperature: Option<f32>,
    /// Longest reply; what the model thinks before it does not count.
    pub tokens_max: u32,
    /// How much it thinks before.
    pub thinking: ThinkingOptions,
}

/// How much a model thinks before it writes. A caller waits meanwhile. Models that do not think, or
/// not by these measures, leave them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThinkingOptions {
    /// `None` is as little as the model can.
    pub effort: Option<ThinkingEffort>,
    /// Most tokens; 0 is none. It goes before the effort where the model counts.
    pub tokens_max: Option<u32>,
}

impl ThinkingOptions {
    /// As little as the model can.
    pub const LEAST: Self = Self {
        effort: None,
        tokens_max: None,
    };
}

/// How hard a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThinkingEffort {
    /// Not at all.
    None,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// The balance.
    Medium,
    /// Much.
    High,
    /// Very much.
    ExtraHigh,
    /// As much as it can.
    Max,
}

impl ThinkingEffort {
    /// As most platforms write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::ExtraHigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who said it.
    pub role: Role,
    /// What was said; for the agent, what the caller heard; for a tool, its result.
    pub text: String,
    /// Where the message belongs to the use of a tool.
    pub tool: Option<ToolUse>,
}

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// The caller.
    Caller,
    /// The agent.
    Agent,
    /// A tool that the agent called.
    Tool,
}

/// A message's part in the use of a tool. No conversation holds a call without its result, nor a
/// result without its call: models refuse that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolUse {
    /// The agent calls a tool.
    Call(ToolCall),
    /// The message is the result of the call with this id.
    Result(ToolCallId),
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Which call.
    pub id: ToolCallId,
    /// The tool's name.
    pub name: String,
    /// Its arguments, as the model wrote them: JSON.
    pub arguments: String,
}

/// Tells the calls of one conversation apart; the chat model gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToolCallId(pub String);

impl ChatMessage {
    /// Something said.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            text: text.into(),
            tool: None,
        }
    }

    /// The agent calls a tool.
    #[must_use]
    pub fn tool_call(call: ToolCall) -> Self {
        Self {
            role: Role::Agent,
            text: String::new(),
            tool: Some(ToolUse::Call(call)),
        }
    }

    /// What the tool answered.
    #[must_use]
    pub fn tool_result(call: ToolCallId, result: impl Into<String>) -> Self {
        Self {
            role: Role::Tool,
            text: result.into(),
            tool: Some(ToolUse::Result(call)),
        }
    }

    /// The message for a model that knows no tools.
    #[must_use]
    pub fn plain_text(&self) -> Cow<'_, str> {
        match &self.tool {
            None => Cow::Borrowed(self.text.trim()),
            Some(ToolUse::Call(call)) => {
                Cow::Owned(format!("[calls {} with {}]", call.name, call.arguments))
            }
            Some(ToolUse::Result(_)) => Cow::Owned(format!("[result: {}]", self.text.trim())),
        }
    }
}

/// A piece of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatEvent {
    /// More text, whole UTF-8 characters.
    Text(String),
    /// The reply is complete.
    Finished {
        /// Tokens that had to be read anew (not in the prompt cache).
        prompt_tokens_read: u32,
        /// Tokens written.
        reply_tokens: u32,
        /// Whether it was cut: by `tokens_max`, or because the model began to repeat itself.
        is_cut: bool,
    },
    /// The reply cannot be completed.
    Failed(ProviderError),
}
