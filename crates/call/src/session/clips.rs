//! Lines beside the conversation's own: fillers, which become part of the reply that they bridge,
//! and backchannels, which become part of nothing.

use std::sync::Arc;

use offhook_contract::{ChatModel, ProviderError, SpeechRequest};
use offhook_media::SampleRate;
use offhook_turn_taking::{FillerChoice, Instant, TurnId};
use tokio::sync::mpsc;

use super::Session;
use super::reply_text::move_speech;
use crate::record::EntryKind;
use crate::reply::{ClipEvent, ClipTask, FillerSource, Spoken, pieces_of};

/// Clips that may wait for the session.
const CLIP_QUEUE: usize = 4;

/// What clips are made with, and those that are kept.
pub(super) struct Clips {
    /// Writes fillers, apart from the call's own conversation.
    chat: Arc<dyn ChatModel>,
    sender: mpsc::Sender<ClipEvent>,
    pub(super) events: mpsc::Receiver<ClipEvent>,
    /// Makes the backchannels; `None` until that was begun.
    backchannels: Option<ClipTask>,
    /// Whether phrases were ordered.
    has_prepared: bool,
    made: Vec<Option<Backchannel>>,
}

/// A word that shows that the agent listens.
#[derive(Debug)]
struct Backchannel {
    text: String,
    samples: Vec<i16>,
    rate: SampleRate,
}

impl Clips {
    pub(super) fn new(chat: Arc<dyn ChatModel>) -> Self {
        let (sender, events) = mpsc::channel(CLIP_QUEUE);
        Self {
            chat,
            sender,
            events,
            backchannels: None,
            has_prepared: false,
            made: Vec::new(),
        }
    }

    /// Another agent's words are made from now on; what is on hold stays.
    pub(super) fn succeed(&mut self, chat: Arc<dyn ChatModel>) {
        self.chat = chat;
        self.backchannels = None;
        self.has_prepared = false;
        self.made.clear();
    }

    /// Where what was made for the session goes.
    pub(super) fn sender(&self) -> mpsc::Sender<ClipEvent> {
        self.sender.clone()
    }
}

impl Session {
    /// Has the agent's backchannels spoken, once in a call: later than the greeting, which is
    /// waited for.
    pub(super) fn make_backchannels(&mut self) {
        let is_wanted = self.persona.agent().turn_policy().backchannels.is_some();
        if !is_wanted || self.clips.backchannels.is_some() {
            return;
        }
        let speech = SpeechRequest {
            is_phrase: self.persona.keeps_phrases(),
            ..self.speech.clone()
        };
        self.clips.backchannels = Some(ClipTask::backchannels(
            self.persona.agent().backchannels().to_vec(),
            self.voice.clone(),
            speech,
            self.clips.sender.clone(),
        ));
    }

    /// Has what the agent says again and again made ahead, once in a call: later than the greeting,
    /// which is waited for.
    pub(super) fn prepare_phrases(&mut self) {
        if !std::mem::replace(&mut self.clips.has_prepared, true) {
            let phrases = self.persona.phrases().into_iter();
            let phrases = phrases.map(|text| pieces_of(&text)).collect();
            self.voice.prepare(self.speech.clone(), phrases);
        }
    }

    /// Has a filler spoken for the live reply.
    pub(super) fn say_filler(&mut self, turn: TurnId, filler: FillerChoice) {
        let Some(reply) = self
            .reply
            .as_mut()
            .filter(|reply| reply.record.turn == turn)
        else {
            return;
        };
        let (FillerChoice::Line(index) | FillerChoice::Written { fallback: index }) = filler;
        let line = self.persona.filler(index);
        // What the model writes is said once.
        let is_listed = matches!(filler, FillerChoice::Line(_));
        let speech = SpeechRequest {
            is_phrase: is_listed && self.persona.is_filler_phrase(index),
            ..self.speech.clone()
        };
        let source = match filler {
            FillerChoice::Line(_) => FillerSource::Line(line),
            FillerChoice::Written { .. } => FillerSource::Written {
                model: self.clips.chat.clone(),
                request: self.persona.filler_request(&reply.record.caller_text),
                fallback: line,
            },
        };
        reply.filler = Some(ClipTask::filler(
            turn,
            source,
            self.voice.clone(),
            speech,
            self.clips.sender.clone(),
        ));
    }

    pub(super) fn take_clip(&mut self, clip: ClipEvent, now: Instant) {
        match clip {
            ClipEvent::Filler(turn, Ok(spoken)) => self.bridge(turn, spoken, now),
            ClipEvent::Backchannel(index, Ok(spoken)) => self.keep(index, spoken),
            ClipEvent::HoldSound(sound) => self.hold_sound_made(sound),
            ClipEvent::Filler(_, Err(problem)) | ClipEvent::Backchannel(_, Err(problem)) => {
                self.clip_failed(&problem, now);
            }
        }
    }

    fn clip_failed(&mut self, problem: &ProviderError, now: Instant) {
        self.chronicle.problem(now, problem.to_string());
    }

    /// Lets a filler be heard, where the reply that it is for is still silent.
    fn bridge(&mut self, turn: TurnId, spoken: Spoken, now: Instant) {
        let Some(reply) = self
            .reply
            .as_mut()
            .filter(|reply| reply.record.turn == turn && reply.may_bridge())
        else {
            return;
        };
        if !self.mouth.may_bridge() {
            return;
        }
        let Spoken { text, mut audio } = spoken;
        let place = reply.text.insert(&text);
        for part in &mut audio {
            move_speech(part, place.start);
        }
        self.mouth.push_filler(&audio, reply.text.as_str());
        reply.record.fillers.push(text.clone());
        let text = format!("{text} ");
        self.chronicle.log(now, EntryKind::ReplyText { turn, text });
    }

    fn keep(&mut self, index: usize, spoken: Spoken) {
        let Some(rate) = spoken.audio.first().map(|part| part.rate) else {
            return;
        };
        let parts = spoken.audio.into_iter().filter(|part| part.rate == rate);
        let samples = parts.flat_map(|part| part.samples).collect();
        if self.clips.made.len() <= index {
            self.clips.made.resize_with(index + 1, || None);
        }
        self.clips.made[index] = Some(Backchannel {
            text: spoken.text,
            samples,
            rate,
        });
    }

    /// Shows the caller that the agent listens, where the word for it was made in time.
    pub(super) fn say_backchannel(&mut self, clip: u32, now: Instant) {
        let made = usize::try_from(clip)
            .ok()
            .and_then(|index| self.clips.made.get(index)?.as_ref());
        if let Some(Backchannel {
            text,
            samples,
            rate,
        }) = made
        {
            self.mouth.say_aside(samples, *rate);
            self.chronicle.backchannel(text.clone(), now);
        }
    }
}
