//! From the document to the agent: everything beyond shape, all problems at once.

mod caller;
mod models;

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_turn_taking::{Eagerness, TurnMode, TurnPolicy};

use crate::default_lines::{DefaultLines, LANGUAGES, default_lines};
use crate::limits::{self, Bounds, DurationBounds};
use crate::problem::{Findings, nearest, out_of_range};
use crate::sounds;
use crate::template::{Template, is_variable_name};
use crate::{
    Agent, AgentDocument, AgentProblems, ChatSettings, DurationText, EagernessDocument,
    HearingSettings, ThinkingDocument, TurnModeDocument, VoiceSettings, is_time_zone,
    parse_duration,
};

pub(crate) fn agent_from_document(document: &AgentDocument) -> Result<Agent, AgentProblems> {
    let mut check = Check {
        findings: Findings::default(),
        variables: BTreeMap::new(),
    };
    check.length("name", &document.name, 1, limits::NAME_CHARS_MAX);
    check.variables(document);
    let prompt = check.text("prompt", &document.prompt, 1, limits::PROMPT_CHARS_MAX);
    let first_message = document.first_message.as_deref().unwrap_or("");
    let greeting = check.line("first_message", first_message);
    let words = check.language(&document.language);
    let reprompts = check.reprompts(document, words);
    let fillers = check.soft_timeout(document.soft_timeout.as_ref(), &document.language, words);
    let (backchannels, backchannel_policy) =
        check.backchannels(document.backchannels.as_ref(), words);
    let policy = TurnPolicy {
        soft_timeout: fillers.policy,
        backchannels: backchannel_policy,
        ..check.policy(document)
    };
    let agent = Agent {
        name: document.name.trim().to_owned(),
        prompt,
        greeting: (!first_message.trim().is_empty()).then_some(greeting),
        reprompts,
        apology: check.line_or("apology", document.apology.as_deref(), words, |w| w.apology),
        goodbye_on_silence: check.line_or(
            "silence.goodbye",
            document.silence.goodbye.as_deref(),
            words,
            |w| w.goodbye_on_silence,
        ),
        goodbye_on_limit: check.line_or(
            "call_duration_goodbye",
            document.call_duration_goodbye.as_deref(),
            words,
            |w| w.goodbye_on_limit,
        ),
        fillers: fillers.lines,
        filler_instructions: fillers.instructions,
        backchannels,
        time_zone: check.time_zone(document.time_zone.as_deref()),
        models: check.models(document),
        voice: check.voice(document),
        ambient_sound: check.ambient_sound(document),
        tool_call_sound: sounds::tool_call_sound(&document.tool_call_sound),
        chat: check.chat(document),
        hearing: HearingSettings::of(document),
        keywords: check.keywords(&document.keywords),
        context_window_turns: check.whole(
            "context_window_turns",
            document.context_window_turns,
            limits::CONTEXT_TURNS,
        ) as usize,
        is_recorded: document.is_recorded,
        limits: check.call_limits(&document.limits),
        callbacks: check.callbacks(&document.callbacks),
        placed_lines: check.placed_lines(document),
        key_input: check.key_input(document.key_input.as_ref()),
        opening_hours: check.opening_hours(
            document.opening_hours.as_ref(),
            document.time_zone.as_deref(),
        ),
        records: check.records(document),
        policy,
        variables: std::mem::take(&mut check.variables),
    };
    check.settled(agent)
}

/// A check in progress: each method looks at one part, notes what is wrong with it and gives a
/// value that is used only where nothing was wrong.
pub(crate) struct Check {
    findings: Findings,
    variables: BTreeMap<String, String>,
}

impl Check {
    /// The agent, where nothing was wrong.
    fn settled(mut self, agent: Agent) -> Result<Agent, AgentProblems> {
        if self.findings.is_empty() {
            self.turn_manager(&agent.policy);
        }
        match self.findings.is_empty() {
            true => Ok(agent),
            false => Err(self.findings.into_problems()),
        }
    }

    fn variables(&mut self, document: &AgentDocument) {
        if document.variables.len() > limits::VARIABLES_MAX {
            let count = document.variables.len();
            self.findings.add(
                "variables",
                format!("{count} are too many; at most {}", limits::VARIABLES_MAX),
            );
        }
        for (name, value) in &document.variables {
            let path = format!("variables.{name}");
            if !is_variable_name(name) {
                let rule =
                    "is no variable's name; use letters, digits and \"_\", not a digit first";
                self.findings.add(&path, rule);
            }
            let text = value.to_text();
            self.length(&path, &text, 0, limits::VARIABLE_CHARS_MAX);
            self.variables.insert(name.clone(), text);
        }
    }

    /// The built-in words of the language. A tag that is no tag is noted once, and not once more
    /// for each line that it has no words for.
    fn language(&mut self, language: &str) -> Option<&'static DefaultLines> {
        let mut subtags = language.split('-');
        let has_primary = subtags.next().is_some_and(|primary| {
            (2..=3).contains(&primary.len()) && primary.chars().all(|c| c.is_ascii_alphabetic())
        });
        let has_rest = subtags.all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.chars().all(|c| c.is_ascii_alphanumeric())
        });
        if !(has_primary && has_rest) {
            self.findings.add(
                "language",
                format!("\"{language}\" is no language tag; write one such as \"en\" or \"de-AT\""),
            );
            return default_lines("en");
        }
        default_lines(language)
    }

    pub(crate) fn refuse(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.findings.add(path, problem);
    }

    pub(crate) fn length(&mut self, path: &str, text: &str, min: usize, max: usize) {
        let characters = text.chars().count();
        if min > 0 && text.trim().is_empty() {
            self.findings.add(path, "is empty");
        } else if characters > max {
            self.findings
                .add(path, format!("has {characters} characters; at most {max}"));
        }
    }

    pub(crate) fn text(&mut self, path: &str, text: &str, min: usize, max: usize) -> Template {
        self.length(path, text, min, max);
        let template = Template::parse(text).unwrap_or_else(|error| {
            self.findings.add(path, error.to_string());
            Template::literal("")
        });
        let mut missing = Vec::new();
        for name in template.variables() {
            if !self.variables.contains_key(name) && !missing.contains(&name) {
                missing.push(name);
            }
        }
        for name in missing {
            let hint = nearest(name, self.variables.keys().map(String::as_str)).map_or_else(
                || "declare it under \"variables\"".to_owned(),
                |near| format!("did you mean \"{near}\"?"),
            );
            self.findings
                .add(path, format!("unknown variable \"{name}\"; {hint}"));
        }
        template
    }

    pub(crate) fn line(&mut self, path: &str, text: &str) -> Template {
        self.text(path, text, 0, limits::LINE_CHARS_MAX)
    }

    fn line_or(
        &mut self,
        path: &str,
        text: Option<&str>,
        words: Option<&'static DefaultLines>,
        pick: fn(&DefaultLines) -> &'static str,
    ) -> Template {
        match (text, words) {
            (Some(text), _) => self.line(path, text),
            (None, Some(words)) => Template::literal(pick(words)),
            (None, None) => {
                self.no_words(path);
                Template::literal("")
            }
        }
    }

    pub(crate) fn no_words(&mut self, path: &str) {
        let languages: Vec<&str> = LANGUAGES.iter().map(|(tag, _)| *tag).collect();
        self.findings.add(
            path,
            format!(
                "must be given: there are built-in words only for {} (an empty one says nothing)",
                languages.join(", ")
            ),
        );
    }

    fn reprompts(
        &mut self,
        document: &AgentDocument,
        words: Option<&'static DefaultLines>,
    ) -> Vec<Template> {
        let path = "silence.reprompts";
        match (&document.silence.reprompts, words) {
            (Some(lines), _) => {
                self.count(path, lines.len(), limits::REPROMPTS_LISTED_MAX);
                let lines = lines.iter().enumerate();
                lines
                    .map(|(index, line)| {
                        self.text(&format!("{path}[{index}]"), line, 1, limits::LINE_CHARS_MAX)
                    })
                    .collect()
            }
            (None, Some(words)) => words.reprompts.map(Template::literal).to_vec(),
            (None, None) => {
                self.no_words(path);
                Vec::new()
            }
        }
    }

    /// A list of lines that takes the place of the language's own.
    pub(crate) fn count(&mut self, path: &str, lines: usize, max: usize) {
        if lines == 0 {
            self.findings
                .add(path, "is empty; leave it out for the language's own lines");
        } else if lines > max {
            self.findings
                .add(path, format!("has {lines} lines; at most {max}"));
        }
    }

    fn ambient_sound(&mut self, document: &AgentDocument) -> Option<sounds::AmbientSound> {
        let bed = &document.ambient_sound;
        let volume = self.number("ambient_sound.volume", bed.volume, limits::VOLUME);
        sounds::ambient_sound(bed.kind, volume)
    }

    fn voice(&mut self, document: &AgentDocument) -> VoiceSettings {
        if let Some(id) = &document.voice.id {
            self.length("voice.id", id, 1, limits::NAME_CHARS_MAX);
        }
        self.pronunciations(&document.voice.pronunciations);
        self.dictionaries(&document.voice.dictionaries);
        self.other_voices(&document.voice.others);
        self.audio_tags(&document.voice.audio_tags);
        VoiceSettings {
            id: document.voice.id.clone(),
            language: document.language.clone(),
            speed: self.number("voice.speed", document.voice.speed, limits::SPEED),
            volume: self.number("voice.volume", document.voice.volume, limits::VOLUME),
            stability: self.share("voice.stability", document.voice.stability),
            similarity: self.share("voice.similarity", document.voice.similarity),
            text_normalisation: document.voice.text_normalisation,
            pronunciations: document.voice.pronunciations.clone(),
            dictionaries: document.voice.dictionaries.clone(),
            others: document.voice.others.clone(),
            is_expressive: document.voice.is_expressive,
            audio_tags: document.voice.audio_tags.clone(),
        }
    }

    fn time_zone(&mut self, zone: Option<&str>) -> Option<String> {
        if zone.is_some_and(|zone| !is_time_zone(zone)) {
            self.refuse(
                "time_zone",
                "is no time zone; write one such as Europe/Berlin",
            );
        }
        zone.map(str::to_owned)
    }

    fn chat(&mut self, document: &AgentDocument) -> ChatSettings {
        ChatSettings {
            temperature: document
                .temperature
                .map(|value| self.number("temperature", value, limits::TEMPERATURE)),
            reply_tokens_max: self.whole(
                "reply_tokens_max",
                document.reply_tokens_max,
                limits::REPLY_TOKENS,
            ),
            thinking: ThinkingDocument {
                tokens_max: document.thinking.tokens_max.map(|tokens| {
                    self.whole("thinking.tokens_max", tokens, limits::THINKING_TOKENS)
                }),
                ..document.thinking
            },
        }
    }

    fn share(&mut self, path: &str, share: Option<f64>) -> Option<f32> {
        share.map(|share| self.number(path, share, limits::SHARE))
    }

    fn keywords(&mut self, keywords: &[String]) -> Vec<String> {
        if keywords.len() > limits::KEYWORDS_MAX {
            let problem = format!(
                "{} are too many; at most {}",
                keywords.len(),
                limits::KEYWORDS_MAX
            );
            self.findings.add("keywords", problem);
        }
        for (index, keyword) in keywords.iter().enumerate() {
            let path = format!("keywords[{index}]");
            self.length(&path, keyword.trim(), 1, limits::KEYWORD_CHARS_MAX);
        }
        keywords.iter().map(|it| it.trim().to_owned()).collect()
    }

    fn policy(&mut self, document: &AgentDocument) -> TurnPolicy {
        let silence = &document.silence;
        let policy = TurnPolicy {
            greets_first: !document
                .first_message
                .as_deref()
                .unwrap_or("")
                .trim()
                .is_empty(),
            greeting_delay: self
                .duration(
                    "first_message_delay",
                    document.first_message_delay.as_ref(),
                    limits::FIRST_MESSAGE_DELAY,
                )
                .unwrap_or_default(),
            eagerness: match document.eagerness {
                EagernessDocument::Patient => Eagerness::Patient,
                EagernessDocument::Normal => Eagerness::Normal,
                EagernessDocument::Eager => Eagerness::Eager,
            },
            is_speculation_on: document.speculation,
            speculations_max: self.whole(
                "speculations_max",
                document.speculations_max,
                limits::SPECULATIONS,
            ),
            mode: match silence.mode {
                TurnModeDocument::Turn => TurnMode::Turn,
                TurnModeDocument::Silence => TurnMode::Silence,
            },
            initial_wait: self.duration(
                "silence.initial_wait",
                silence.initial_wait.as_ref(),
                limits::INITIAL_WAIT,
            ),
            no_input_timeout: self.duration(
                "silence.reprompt_after",
                silence.reprompt_after.as_ref(),
                limits::REPROMPT_AFTER,
            ),
            reprompts_max: self.whole(
                "silence.reprompts_max",
                silence.reprompts_max,
                limits::REPROMPTS,
            ),
            silence_hang_up: self.duration(
                "silence.hang_up_after",
                silence.hang_up_after.as_ref(),
                limits::HANG_UP_AFTER,
            ),
            caller_silence_max: self.duration(
                "silence.caller_silence_max",
                silence.caller_silence_max.as_ref(),
                limits::CALLER_SILENCE,
            ),
            call_duration_max: self
                .duration(
                    "call_duration_max",
                    Some(&document.call_duration_max),
                    limits::CALL_DURATION,
                )
                .unwrap_or(limits::CALL_DURATION.max),
            ..TurnPolicy::default()
        };
        self.caller_policy(document, &policy)
    }

    /// What the turn manager itself refuses, such as a delay that contradicts the eagerness.
    fn turn_manager(&mut self, policy: &TurnPolicy) {
        if let Err(error) = policy.validate() {
            let path = match error.knob {
                "endpoint_delay_min" if policy.endpoint_delay_min.is_some() => {
                    "endpointing.delay_min"
                }
                "endpoint_delay_min" | "endpoint_delay_max" => "endpointing.delay_max",
                "no_input_timeout" => "silence.reprompt_after",
                "silence_hang_up" => "silence.hang_up_after",
                "initial_wait" => "silence.initial_wait",
                "caller_silence_max" => "silence.caller_silence_max",
                "reprompts_max" => "silence.reprompts_max",
                other => other,
            };
            self.findings.add(path, error.problem);
        }
    }

    fn duration_or(
        &mut self,
        path: &str,
        text: &DurationText,
        bounds: DurationBounds,
        otherwise: Duration,
    ) -> Duration {
        self.duration(path, Some(text), bounds).unwrap_or(otherwise)
    }

    pub(crate) fn duration(
        &mut self,
        path: &str,
        text: Option<&DurationText>,
        bounds: DurationBounds,
    ) -> Option<Duration> {
        let text = text?;
        match parse_duration(&text.0) {
            Ok(duration) if duration < bounds.min || duration > bounds.max => {
                self.findings.add(
                    path,
                    format!("{} is out of range {}", text.0, bounds.written),
                );
                None
            }
            Ok(duration) => Some(duration),
            Err(error) => {
                self.findings.add(path, error.to_string());
                None
            }
        }
    }

    pub(crate) fn number(&mut self, path: &str, value: f64, bounds: Bounds) -> f32 {
        if !(bounds.min..=bounds.max).contains(&value) {
            self.findings
                .add(path, out_of_range(value, bounds.min, bounds.max));
        }
        value as f32
    }

    pub(crate) fn whole(&mut self, path: &str, value: u32, bounds: Bounds) -> u32 {
        if !(bounds.min..=bounds.max).contains(&f64::from(value)) {
            self.findings
                .add(path, out_of_range(value, bounds.min, bounds.max));
        }
        value
    }
}
