//! Carries out what the turn manager decides, and takes what replies report.

use offhook_contract::{ChatRequest, LegNotice, Speaker, SpeechAudio, SpeechRequest};
use offhook_turn_taking::{Command, Decision, Fact, HeardText, Instant, Line, Reason, TurnId};

use super::Session;
use super::mouth::{MouthNews, Sound};
use super::reply_text::ReplyText;
use crate::record::{BargeInOutcome, EntryKind, TurnKind, TurnRecord, TurnTimings};
use crate::reply::{ClipTask, Reply, ReplyEvent, ReplyEventKind, ReplySource, Voices};

/// The reply that is being made, spoken or held; there is never more than one.
pub(super) struct LiveReply {
    pub(super) record: TurnRecord,
    /// What it says; the record gets it once it has ended.
    pub(super) text: ReplyText,
    task: Reply,
    /// Makes a filler, where one was ordered.
    pub(super) filler: Option<ClipTask>,
    stage: Stage,
    /// All of its speech has been made.
    is_ready: bool,
    /// Tools that run for it.
    tools_running: u32,
    /// Something of it was heard.
    is_audible: bool,
}

impl LiveReply {
    /// Whether a filler is of use: more of the reply is to come, and all of it may be heard.
    pub(super) fn may_bridge(&self) -> bool {
        matches!(self.stage, Stage::Released) && !self.is_ready
    }

    pub(super) const fn turn(&self) -> TurnId {
        self.record.turn
    }

    /// Whether it may be heard.
    pub(super) const fn is_released(&self) -> bool {
        matches!(self.stage, Stage::Released)
    }

    /// Whether speech of it was made.
    pub(super) const fn has_speech(&self) -> bool {
        self.record.timings.first_audio.is_some()
    }

    pub(super) const fn has_running_tool(&self) -> bool {
        self.tools_running > 0
    }

    pub(super) const fn count_tool(&mut self, is_start: bool) {
        self.tools_running = if is_start {
            self.tools_running + 1
        } else {
            self.tools_running.saturating_sub(1)
        };
    }
}

/// Whether a reply may be heard.
enum Stage {
    /// Not before the turn manager commits to it: its speech waits here.
    Draft(Vec<SpeechAudio>),
    /// It may.
    Released,
}

impl Session {
    /// Carries out all decisions, and those that follow from carrying them out.
    pub(super) fn carry_out_commands(&mut self, now: Instant) {
        while let Some(decision) = self.manager.poll() {
            self.chronicle
                .log(now, EntryKind::Decision(decision.clone()));
            tracing::debug!(at = %now, reason = %decision.reason, "decided");
            self.carry_out(decision, now);
        }
    }

    fn carry_out(&mut self, decision: Decision, now: Instant) {
        if let Some(turn) = decision.command.turn() {
            self.newest_turn = self.newest_turn.max(turn);
        }
        match decision.command {
            Command::Say { turn, line } => self.say(turn, line, now),
            Command::FinaliseTranscript { utterance } => {
                if let Some(ears) = &mut self.ears {
                    ears.finalise(utterance);
                }
            }
            Command::PrimeReply { caller_text } => {
                self.chat.prime(self.conversation.with_caller(&caller_text));
            }
            Command::StartReply { turn, caller_text } => self.start_reply(turn, caller_text, now),
            Command::CommitReply { turn } => self.commit_reply(turn, &decision.reason, now),
            Command::CancelReply { turn } => {
                let reason = &decision.reason;
                // Sound alone may have been the agent's own.
                let is_wordless = matches!(reason, Reason::BargeIn { words: 0, .. });
                if reason.is_interruption() && !is_wordless {
                    self.own_words.floor_taken();
                }
                self.cancel_reply(turn, now);
            }
            Command::SayFiller { turn, filler } => self.say_filler(turn, filler),
            Command::Backchannel { clip } => self.say_backchannel(clip, now),
            Command::StaySilent { turn } => self.stay_silent(turn, now),
            Command::HoldPlayout { turn } => {
                // A reply that has not begun is held back; nobody was interrupted.
                let last_frame_sent = self.mouth.hold(now);
                if last_frame_sent.is_some() {
                    self.chronicle.held(turn, now, last_frame_sent);
                    self.notify(LegNotice::Interrupted);
                }
            }
            Command::ResumePlayout { turn } => {
                self.mouth.resume(now);
                self.chronicle.decided(turn, BargeInOutcome::Resumed, now);
            }
            Command::LeaveUnanswered { turn, caller_text } => {
                self.leave_unanswered(turn, caller_text, now);
            }
            Command::BeginHold => self.begin_hold(),
            Command::EndHold => self.end_hold(),
            Command::ChangeAgent => self.change_agent(now),
            Command::HangUp { cause } => self.ended = Some(cause),
        }
    }

    fn say(&mut self, turn: TurnId, line: Line, now: Instant) {
        let source = match line {
            Line::Ordered(number) => self.ordered_line(number),
            line => ReplySource::Line(self.persona.line(line)),
        };
        if matches!(&source, ReplySource::Line(text) if text.trim().is_empty()) {
            self.tell(Fact::ReplyReady { turn }, now);
            self.tell(Fact::PlayoutFinished { turn }, now);
            return;
        }
        self.begin(turn, TurnKind::Line(line), String::new(), source, now);
        self.release(now);
    }

    fn start_reply(&mut self, turn: TurnId, caller_text: String, now: Instant) {
        let request = ChatRequest {
            messages: self.conversation.with_caller(&caller_text),
            options: self.persona.chat_options(),
        };
        let source = ReplySource::Chat {
            model: self.chat.clone(),
            request,
        };
        self.begin(turn, TurnKind::Answer, caller_text, source, now);
    }

    fn begin(
        &mut self,
        turn: TurnId,
        kind: TurnKind,
        caller_text: String,
        source: ReplySource,
        now: Instant,
    ) {
        self.end_live_reply(now);
        let caller = self.chronicle.caller;
        let is_answer = kind == TurnKind::Answer;
        let timings = TurnTimings {
            speech_ended: caller.speech_ended.filter(|_| is_answer),
            pause_detected: caller.pause_detected.filter(|_| is_answer),
            transcript_settled: caller.transcript_settled.filter(|_| is_answer),
            reply_asked: Some(now),
            ..TurnTimings::default()
        };
        let record = TurnRecord {
            turn,
            kind,
            caller_text,
            generated_text: String::new(),
            fillers: Vec::new(),
            heard_text: None,
            is_interrupted: false,
            timings,
        };
        let is_phrase = match kind {
            TurnKind::Line(line) => self.persona.is_phrase(line),
            TurnKind::Answer => false,
        };
        let voices = Voices {
            voice: self.voice.clone(),
            own: SpeechRequest {
                is_phrase,
                ..self.speech.clone()
            },
            others: self.other_voices.clone(),
        };
        let task = Reply::start(turn, source, voices, self.reply_sender.clone());
        let stage = Stage::Draft(Vec::new());
        self.reply = Some(LiveReply {
            record,
            text: ReplyText::default(),
            task,
            filler: None,
            stage,
            is_ready: false,
            tools_running: 0,
            is_audible: false,
        });
    }

    fn commit_reply(&mut self, turn: TurnId, reason: &Reason, now: Instant) {
        let Some(reply) = self
            .reply
            .as_mut()
            .filter(|reply| reply.record.turn == turn)
        else {
            return;
        };
        let timings = &mut reply.record.timings;
        // What is configured is a wait since the end of speech; being later than that is ours.
        timings.turn_ended = match (reason, timings.speech_ended) {
            (Reason::EndOfTurn { required, .. }, Some(ended)) => Some(ended + *required),
            _ => Some(now),
        };
        self.notify(LegNotice::CallerTurnEnded);
        self.release(now);
    }

    /// Lets the live reply be heard.
    fn release(&mut self, now: Instant) {
        let Some(reply) = &mut self.reply else { return };
        let waiting = match std::mem::replace(&mut reply.stage, Stage::Released) {
            Stage::Draft(waiting) => waiting,
            Stage::Released => return,
        };
        self.own_words.begin();
        self.mouth.begin(reply.record.turn, now);
        for audio in waiting {
            let audio = reply.text.place(audio);
            self.mouth.push(&audio, reply.text.as_str());
        }
        if reply.is_ready {
            self.mouth.finish();
        }
        self.sound_tools();
    }

    fn cancel_reply(&mut self, turn: TurnId, now: Instant) {
        let is_live = self
            .reply
            .as_ref()
            .is_some_and(|reply| reply.record.turn == turn);
        let heard = if is_live {
            self.end_live_reply(now)
        } else {
            HeardText::Known(String::new())
        };
        self.chronicle.decided(turn, BargeInOutcome::Committed, now);
        self.tell(Fact::ReplyCancelled { turn, heard }, now);
    }

    /// Nothing is said in this turn; what the caller said is remembered.
    fn stay_silent(&mut self, turn: TurnId, now: Instant) {
        let Some(reply) = self.reply.take_if(|reply| reply.record.turn == turn) else {
            return;
        };
        self.mouth.cancel("", now);
        let mut record = reply.record;
        record.timings.finished = Some(now);
        self.conversation.add_caller(&record.caller_text);
        let nothing = HeardText::Known(String::new());
        self.chronicle.turn_ended(record, &nothing, now);
    }

    /// Ends the live reply, whatever it was doing, and says what of it was heard.
    pub(super) fn end_live_reply(&mut self, now: Instant) -> HeardText {
        let Some(reply) = self.reply.take() else {
            return HeardText::Known(String::new());
        };
        let LiveReply {
            mut record,
            text,
            stage,
            task,
            ..
        } = reply;
        drop(task);
        self.sound_tools();
        record.generated_text = text.into_string();
        if matches!(stage, Stage::Draft(_)) {
            self.chronicle.draft_discarded();
            return HeardText::Known(String::new());
        }
        let heard = self.mouth.cancel(&record.generated_text, now);
        record.is_interrupted = true;
        self.settle(record, &heard, now);
        heard
    }

    /// Writes a reply that has ended into the conversation and the record.
    fn settle(&mut self, mut record: TurnRecord, heard: &HeardText, now: Instant) {
        record.timings.finished = Some(now);
        self.own_words.ended(&record.generated_text, heard, now);
        self.conversation
            .add_reply(&record.caller_text, &record.generated_text, heard);
        if let HeardText::Known(text) = heard
            && !text.is_empty()
        {
            let text = text.clone();
            self.notify(LegNotice::Transcript {
                speaker: Speaker::Agent,
                text,
                is_final: true,
            });
        }
        self.chronicle.turn_ended(record, heard, now);
    }

    pub(super) fn take_reply_event(&mut self, event: ReplyEvent, now: Instant) {
        let ReplyEvent { turn, kind } = event;
        let Some(reply) = self
            .reply
            .as_mut()
            .filter(|reply| reply.record.turn == turn)
        else {
            return;
        };
        let timings = &mut reply.record.timings;
        match kind {
            ReplyEventKind::Text(text) => {
                let is_first = timings.first_token.is_none();
                timings.first_token.get_or_insert(now);
                reply.text.push(&text);
                self.chronicle.log(now, EntryKind::ReplyText { turn, text });
                if is_first {
                    self.tell(Fact::ReplyToken { turn }, now);
                }
            }
            ReplyEventKind::FirstPiece => {
                timings.first_sentence.get_or_insert(now);
            }
            ReplyEventKind::Audio(audio) => {
                timings.first_audio.get_or_insert(now);
                match &mut reply.stage {
                    Stage::Draft(waiting) => waiting.push(audio),
                    Stage::Released => {
                        let audio = reply.text.place(audio);
                        self.mouth.push(&audio, reply.text.as_str());
                    }
                }
            }
            ReplyEventKind::Ready => {
                reply.is_ready = true;
                if matches!(reply.stage, Stage::Released) {
                    self.mouth.finish();
                }
                self.tell(Fact::ReplyReady { turn }, now);
            }
            ReplyEventKind::Failed(cause, problem) => {
                self.chronicle.problem(now, problem.to_string());
                self.tell(Fact::ReplyFailed { turn, cause }, now);
            }
        }
    }

    /// Sends the frames that are due and tells the turn manager what that changed.
    pub(super) fn speak_what_is_due(&mut self, now: Instant) {
        while let Some(news) = self.mouth.next_news(now) {
            match news {
                MouthNews::Sent { lateness, begins } => {
                    if let Some(lateness) = lateness {
                        self.chronicle.frame_sent(lateness);
                    }
                    if let Some(sound) = begins {
                        self.sound_begins(sound, now);
                    }
                }
                MouthNews::RunningDry => {
                    if let Some(reply) = &self.reply {
                        reply.task.hurry();
                    }
                }
                MouthNews::Heard(heard) => {
                    if let Some(reply) = &self.reply {
                        let turn = reply.record.turn;
                        self.tell(Fact::PlayoutProgress { turn, heard }, now);
                    }
                }
                MouthNews::RanDry => {
                    if let Some(reply) = &self.reply {
                        let turn = reply.record.turn;
                        self.tell(Fact::PlayoutRanDry { turn }, now);
                    }
                }
                MouthNews::Finished => self.playout_finished(now),
            }
        }
    }

    fn sound_begins(&mut self, sound: Sound, now: Instant) {
        let Some(reply) = &mut self.reply else { return };
        let turn = reply.record.turn;
        let timings = &mut reply.record.timings;
        let fact = match sound {
            Sound::Speech => {
                timings.first_frame_sent.get_or_insert(now);
                Fact::PlayoutStarted { turn }
            }
            Sound::Filler => {
                timings.filler_started.get_or_insert(now);
                Fact::FillerStarted { turn }
            }
        };
        if !std::mem::replace(&mut reply.is_audible, true) {
            self.notify(LegNotice::AgentStartedSpeaking);
        }
        self.tell(fact, now);
        self.make_backchannels();
        self.prepare_phrases();
    }

    fn playout_finished(&mut self, now: Instant) {
        let Some(reply) = self.reply.take() else {
            return;
        };
        self.sound_tools();
        let LiveReply {
            mut record, text, ..
        } = reply;
        record.generated_text = text.into_string();
        let turn = record.turn;
        let heard = HeardText::Known(record.generated_text.trim().to_owned());
        self.settle(record, &heard, now);
        self.notify(LegNotice::AgentStoppedSpeaking);
        self.tell(Fact::PlayoutFinished { turn }, now);
    }
}
