//! Who answers this call: the agent with this call's variables.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use offhook_agent::{
    Agent, AudioTagDocument, CallVariables, OtherVoiceDocument, PhonemeAlphabetDocument,
    PronunciationDocument, TextNormalisationDocument, ThinkingEffortDocument, local_time,
};
use offhook_contract::{
    ChatMessage, ChatOptions, ChatRequest, Diction, PhonemeAlphabet, Pronunciation, Role, SaidAs,
    SpeechRequest, SttRequest, TextToSpeech, ThinkingEffort, ThinkingOptions, VoiceManner,
};
use offhook_media::SampleRate;
use offhook_turn_taking::{HeardText, Line};

use crate::Conversation;

/// Longest filler that the chat model writes; one that is cut there is not spoken.
const FILLER_TOKENS_MAX: u32 = 32;

/// What the chat model is told where it is to write numbers and the like as words.
const WRITE_AS_SPOKEN: &str = "What you write is read aloud. Write numbers, amounts of money, dates, \
     times, telephone numbers, e-mail and web addresses, abbreviations and symbols as the words in \
     which a speaker says them: \"twelve dollars fifty\" and not \"$12.50\", \"ann at example dot \
     com\" and not the address itself, a telephone number digit by digit.";

/// An agent as it takes one call; it does not change while the call runs.
#[derive(Debug, Clone)]
pub struct Persona {
    agent: Arc<Agent>,
    variables: CallVariables,
    is_of_this_call: bool,
    /// The agent calls, and is not called.
    is_calling: bool,
    /// When the call begins, where that is said.
    begins: Option<SystemTime>,
}

impl Persona {
    /// `agent` with the values that this call gives to its variables.
    #[must_use]
    pub const fn new(agent: Arc<Agent>, variables: CallVariables) -> Self {
        Self {
            agent,
            variables,
            is_of_this_call: false,
            is_calling: false,
            begins: None,
        }
    }

    /// The same for a call that begins at that moment, which an agent with a time zone knows.
    #[must_use]
    pub fn at(mut self, moment: SystemTime) -> Self {
        self.begins = Some(moment);
        self
    }

    /// The same for a call that the agent places.
    #[must_use]
    pub const fn calling(mut self) -> Self {
        self.is_calling = true;
        self
    }

    /// What is left on a machine that answers a call of the agent's; empty where nothing is said on
    /// it. `None` where the agent talks to a machine as to anybody, or was called.
    #[must_use]
    pub fn voicemail_message(&self) -> Option<String> {
        let message = self.agent.voicemail_message(&self.variables);
        message.filter(|_| self.is_calling)
    }

    /// The same for an agent that is so for this call only: nothing that it says is kept for others.
    #[must_use]
    pub fn of_this_call(mut self) -> Self {
        self.is_of_this_call = true;
        self
    }

    /// Whether the configured line is the same in every call.
    #[must_use]
    pub fn is_phrase(&self, line: Line) -> bool {
        !self.is_of_this_call && self.agent.is_same_in_every_call(line)
    }

    /// Whether the filler of that number is the same in every call.
    #[must_use]
    pub fn is_filler_phrase(&self, index: u32) -> bool {
        !self.is_of_this_call && self.agent.is_filler_same_in_every_call(index)
    }

    /// Whether words that the agent has from its configuration may be kept for other calls.
    #[must_use]
    pub const fn keeps_phrases(&self) -> bool {
        !self.is_of_this_call
    }

    /// What the agent says again and again, beside its greeting.
    #[must_use]
    pub fn phrases(&self) -> Vec<String> {
        let fillers = (0..).map_while(|index| {
            let filler = self.filler(index);
            let is_phrase = self.is_filler_phrase(index);
            (!filler.is_empty()).then_some((is_phrase, filler))
        });
        let lines = self.agent.configured_lines().into_iter();
        let lines = lines.map(|line| (self.is_phrase(line), self.line(line)));
        let mut phrases: Vec<String> = Vec::new();
        for (is_phrase, text) in fillers.chain(lines) {
            if is_phrase && !text.trim().is_empty() && !phrases.contains(&text) {
                phrases.push(text);
            }
        }
        phrases
    }

    /// The agent.
    #[must_use]
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// What the chat model will have read once the greeting has been heard.
    pub(crate) fn greeted(&self, conversation: &Conversation) -> Arc<[ChatMessage]> {
        let mut greeted = conversation.clone();
        let greeting = self.line(Line::Greeting);
        greeted.add_reply("", &greeting, &HeardText::Known(greeting.clone()));
        greeted.so_far()
    }

    /// Instructions to the chat model, whose words `voice` will say.
    #[must_use]
    pub fn system_prompt(&self, voice: &dyn TextToSpeech) -> String {
        let takes_audio_tags = voice.takes_audio_tags();
        let mut prompt = self.agent.system_prompt(&self.variables);
        let voice = self.agent.voice();
        if voice.text_normalisation == TextNormalisationDocument::Prompt {
            prompt.push_str("\n\n");
            prompt.push_str(WRITE_AS_SPOKEN);
        }
        prompt.push_str(&voices_in_words(&voice.others));
        if voice.is_expressive && takes_audio_tags {
            prompt.push_str(&tags_in_words(&voice.audio_tags));
        }
        if self.is_calling
            && let Some((identity, purpose)) = self.agent.call_screening(&self.variables)
        {
            prompt.push_str(&screening_in_words(&identity, &purpose));
        }
        if let (Some(zone), Some(moment)) = (self.agent.time_zone(), self.begins)
            && let Some(time) = local_time(zone, moment)
        {
            prompt.push_str(&format!("\n\nIt is {time} ({zone}) as the call begins."));
        }
        prompt
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

    /// How the voice speaks, to a leg at `rate`.
    #[must_use]
    pub fn speech(&self, rate: SampleRate) -> SpeechRequest {
        let voice = self.agent.voice();
        SpeechRequest {
            rate: Some(rate),
            voice: voice.id.clone(),
            language: voice.language.clone(),
            speed: voice.speed,
            manner: VoiceManner {
                stability: voice.stability,
                similarity: voice.similarity,
            },
            diction: Diction {
                writes_out: match voice.text_normalisation {
                    TextNormalisationDocument::Always => Some(true),
                    TextNormalisationDocument::Auto | TextNormalisationDocument::Prompt => None,
                },
                pronunciations: voice.pronunciations.iter().filter_map(rule).collect(),
                has_audio_tags: voice.is_expressive,
            },
            is_phrase: false,
        }
    }

    /// How the agent's other voices speak, by their labels, at a pace that the voice model has,
    /// to a leg at `rate`.
    #[must_use]
    pub fn other_voices(
        &self,
        rate: SampleRate,
        speeds: &RangeInclusive<f32>,
    ) -> Arc<[(String, SpeechRequest)]> {
        let own = self.speech(rate);
        let others = self.agent.voice().others.iter().map(|other| {
            let speed = other.speed.map_or(own.speed, |speed| speed as f32);
            let manner = VoiceManner {
                stability: other.stability.map(|it| it as f32),
                similarity: other.similarity.map(|it| it as f32),
            };
            let request = SpeechRequest {
                voice: Some(other.id.clone()),
                language: other
                    .language
                    .clone()
                    .unwrap_or_else(|| own.language.clone()),
                speed: speed.max(*speeds.start()).min(*speeds.end()),
                manner: manner.or(own.manner),
                ..own.clone()
            };
            (other.label.clone(), request)
        });
        others.collect()
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

/// What the chat model is told of assistants that ask who calls before anybody answers.
fn screening_in_words(identity: &str, purpose: &str) -> String {
    let mut text = String::from(
        "\n\nA telephone or an assistant may answer this call first and ask who is calling and why, \
         to decide whether it is put through. Answer it in one sentence, with nothing else, and wait \
         for somebody.",
    );
    for (what, said) in [("You are", identity), ("You call about", purpose)] {
        if !said.is_empty() {
            text.push_str(&format!(" {what}: {said}."));
        }
    }
    text
}

/// What the chat model is told of audio tags.
fn tags_in_words(tags: &[AudioTagDocument]) -> String {
    let mut text = String::from(
        "\n\nYour voice acts on audio tags: a word or two in square brackets before what they colour, \
         such as [laughs], [whispers] or [excited]. Use one where it fits, and not in every sentence.",
    );
    for tag in tags {
        text.push_str(&format!("\n- [{}]", tag.tag));
        if let Some(description) = &tag.description {
            text.push_str(&format!(": {description}"));
        }
    }
    text
}

/// What the chat model is told of the voices that it can have speak.
fn voices_in_words(others: &[OtherVoiceDocument]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n\nYou can have other voices speak: put what such a voice says between its tags, as in \
         <label>words</label>, and everything else outside. Do not speak of the tags. The voices:",
    );
    for other in others {
        let label = &other.label;
        text.push_str(&format!("\n- <{label}>"));
        if let Some(description) = &other.description {
            text.push_str(&format!(": {description}"));
        }
        if let Some(language) = &other.language {
            text.push_str(&format!(" (language: {language})"));
        }
    }
    text
}

/// A rule without words of its own is none.
fn rule(document: &PronunciationDocument) -> Option<Pronunciation> {
    let said = match (&document.alias, &document.phonemes) {
        (Some(words), _) => SaidAs::Words(words.clone()),
        (None, Some(phonemes)) => SaidAs::Phonemes {
            alphabet: match document.alphabet {
                PhonemeAlphabetDocument::Ipa => PhonemeAlphabet::Ipa,
                PhonemeAlphabetDocument::CmuArpabet => PhonemeAlphabet::CmuArpabet,
            },
            phonemes: phonemes.clone(),
        },
        (None, None) => return None,
    };
    Some(Pronunciation {
        text: document.text.clone(),
        said,
        is_case_sensitive: document.is_case_sensitive,
        is_whole_word: document.is_whole_word,
    })
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
