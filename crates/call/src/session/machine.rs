//! Whether a machine has answered a call that the agent placed, and when to speak on it: by what the
//! carrier says, by the words of the greeting, by the beep. It runs beside the conversation, which
//! goes on until a machine is certain.

use std::time::Duration;

use offhook_media::{BeepDetector, Frame};
use offhook_turn_taking::{Fact, Instant};

use super::Session;
use crate::control::{Answerer, Control, OrderedWords, Side, SpokenOrder};
use crate::record::EntryKind;

/// How long after the answer a machine is listened for.
const LISTENED_FOR: Duration = Duration::from_secs(60);
/// A greeting is over where the machine has been silent for so long, beep or not.
const SILENCE: Duration = Duration::from_millis(2_500);
/// Longest greeting, from the moment at which the machine was known.
const GREETING_MAX: Duration = Duration::from_secs(45);

/// What machines say, and people do not, in English, German, French, Spanish, Italian and
/// Portuguese; in small letters.
const GREETINGS: [&str; 39] = [
    "after the tone",
    "after the beep",
    "at the tone",
    "at the beep",
    "leave a message",
    "leave your message",
    "leave me a message",
    "leave your name and",
    "record your message",
    "voice mail",
    "voicemail",
    "voice messaging system",
    "mailbox",
    "answering machine",
    "can't take your call",
    "cannot take your call",
    "can't come to the phone",
    "cannot come to the phone",
    "not available to take your call",
    "unable to take your call",
    "unable to come to the phone",
    "when you have finished recording",
    "anrufbeantworter",
    "nach dem signalton",
    "nach dem ton",
    "hinterlassen",
    "nach dem piepton",
    "laissez un message",
    "laisser un message",
    "apres le bip",
    "après le bip",
    "messagerie vocale",
    "deje su mensaje",
    "deje un mensaje",
    "después de la señal",
    "despues del tono",
    "buzón de voz",
    "dopo il segnale",
    "deixe seu recado",
];

/// What people ask, and machines do not: somebody at the desk takes a message too.
const QUESTIONS: [&str; 9] = [
    "would you like",
    "would you care",
    "do you want",
    "can i ",
    "could i ",
    "may i ",
    "shall i ",
    "should i ",
    "möchten",
];

/// What has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A machine speaks: be quiet.
    Machine,
    /// It is the agent's turn to speak on it.
    Recording {
        /// Whether it was known before that it is a machine.
        is_known: bool,
    },
    /// It was a human after all.
    Human,
}

#[derive(Debug)]
enum Stage {
    /// It is not known who has answered.
    Open,
    /// A machine, whose greeting may go on.
    Greeting { since: Instant },
    /// Nothing is looked for any more.
    Closed,
}

/// Listens for a machine. Its moments are those of the call.
#[derive(Debug)]
pub(super) struct MachineWatch {
    stage: Stage,
    beeps: BeepDetector,
    /// Since when nobody is heard; `None` while somebody is.
    quiet_since: Option<Instant>,
}

impl MachineWatch {
    /// From the answer on.
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::Open,
            beeps: BeepDetector::default(),
            quiet_since: Some(Instant::START),
        }
    }

    /// Takes the next 20 ms of the line.
    pub(super) fn hear(&mut self, frame: &Frame, now: Instant) -> Option<Found> {
        if matches!(self.stage, Stage::Closed) {
            return None;
        }
        let beep = self.beeps.push(frame)?;
        tracing::debug!(hertz = beep.hertz, length = ?beep.length, "a beep");
        if matches!(self.stage, Stage::Open) && now.since(Instant::START) > LISTENED_FOR {
            self.stage = Stage::Closed;
            return None;
        }
        Some(self.begin_recording())
    }

    /// Takes what has happened on the line: what was said, and when somebody speaks.
    pub(super) fn note(&mut self, fact: &Fact, now: Instant) -> Option<Found> {
        match fact {
            Fact::SpeechStarted { .. } => self.speech(true, now),
            Fact::SpeechStopped { .. } => self.speech(false, now),
            Fact::TranscriptInterim { text, .. } | Fact::TranscriptFinal { text, .. } => {
                return self.said(text, now);
            }
            _ => {}
        }
        None
    }

    fn speech(&mut self, is_on: bool, now: Instant) {
        self.quiet_since = (!is_on).then_some(now);
    }

    /// What was said on the line, as far as it is recognised.
    fn said(&mut self, text: &str, now: Instant) -> Option<Found> {
        let is_open = matches!(self.stage, Stage::Open);
        if !is_open || now.since(Instant::START) > LISTENED_FOR || !is_greeting(text) {
            return None;
        }
        self.stage = Stage::Greeting { since: now };
        Some(Found::Machine)
    }

    /// What the carrier found.
    pub(super) fn told(&mut self, answerer: Answerer, now: Instant) -> Option<Found> {
        match (answerer, &self.stage) {
            (_, Stage::Closed) => None,
            (Answerer::Human, Stage::Greeting { .. }) => {
                self.stage = Stage::Closed;
                Some(Found::Human)
            }
            (Answerer::Human, Stage::Open) => {
                self.stage = Stage::Closed;
                None
            }
            (Answerer::Machine { is_recording: true }, _) => Some(self.begin_recording()),
            (Answerer::Machine { .. }, Stage::Open) => {
                self.stage = Stage::Greeting { since: now };
                Some(Found::Machine)
            }
            (Answerer::Machine { .. }, Stage::Greeting { .. }) => None,
        }
    }

    /// When the greeting will be over, where nothing else happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let Stage::Greeting { since } = self.stage else {
            return None;
        };
        let longest = since + GREETING_MAX;
        let silent = self.quiet_since.map(|quiet| quiet.max(since) + SILENCE);
        Some(silent.map_or(longest, |silent| silent.min(longest)))
    }

    /// Looks whether it is.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Found> {
        let is_over = self.deadline().is_some_and(|at| at <= now);
        is_over.then(|| self.begin_recording())
    }

    fn begin_recording(&mut self) -> Found {
        let before = std::mem::replace(&mut self.stage, Stage::Closed);
        Found::Recording {
            is_known: matches!(before, Stage::Greeting { .. }),
        }
    }
}

impl Session {
    pub(super) fn watch_sound(&mut self, frame: &Frame, now: Instant) {
        let watch = self.machine.as_mut();
        let found = watch.and_then(|watch| watch.hear(frame, now));
        self.found(found, now);
    }

    pub(super) fn watch_greeting(&mut self, now: Instant) {
        let watch = self.machine.as_mut();
        let found = watch.and_then(|watch| watch.handle_timeout(now));
        self.found(found, now);
    }

    /// Takes what the carrier says of who has answered.
    pub(super) fn answered_by(&mut self, answerer: Answerer, now: Instant) {
        let watch = self.machine.as_mut();
        let found = watch.and_then(|watch| watch.told(answerer, now));
        self.found(found, now);
    }

    pub(super) fn found(&mut self, found: Option<Found>, now: Instant) {
        let mute = |is_on| Control::Mute {
            side: Side::Agent,
            is_on,
        };
        match found {
            None => {}
            Some(Found::Human) => self.take_order(mute(false), now),
            Some(Found::Machine) => {
                self.chronicle.log(now, EntryKind::MachineAnswered);
                self.take_order(mute(true), now);
            }
            Some(Found::Recording { is_known }) => {
                if !is_known {
                    self.chronicle.log(now, EntryKind::MachineAnswered);
                }
                let message = self.persona.voicemail_message();
                let order = Control::Speak(SpokenOrder {
                    words: OrderedWords::Text(message.unwrap_or_default()),
                    is_urgent: true,
                    is_interruptible: false,
                    ends_call: true,
                });
                self.take_order(order, now);
            }
        }
    }
}

fn is_greeting(text: &str) -> bool {
    let text = text.to_lowercase().replace('’', "'");
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    has(&GREETINGS) && !has(&QUESTIONS)
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use offhook_media::SampleRate;

    use super::*;

    const RECORDING: Option<Found> = Some(Found::Recording { is_known: true });

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn beep(watch: &mut MachineWatch, from_ms: u64) -> Option<Found> {
        let rate = SampleRate::HZ_8000;
        (0..30_u64).find_map(|index| {
            let mut frame = Frame::silence(rate);
            for (place, sample) in frame.samples_mut().iter_mut().enumerate() {
                let time = (index * 160 + place as u64) as f32 / 8_000.0;
                *sample = ((TAU * 1_000.0 * time).sin() * 8_000.0) as i16;
            }
            let silence = Frame::silence(rate);
            let heard = if index < 20 { &frame } else { &silence };
            watch.hear(heard, at(from_ms + index * 20))
        })
    }

    #[test]
    fn the_words_of_a_greeting_then_its_beep() {
        let mut watch = MachineWatch::new();
        watch.speech(true, at(500));
        assert_eq!(watch.said("Hi, this is Bob.", at(2_000)), None);
        let said = "Hi, this is Bob. I can’t come to the phone right now";
        assert_eq!(watch.said(said, at(3_000)), Some(Found::Machine));
        assert_eq!(watch.said(said, at(3_200)), None, "once");
        assert_eq!(watch.deadline(), Some(at(48_000)), "it speaks");
        assert_eq!(beep(&mut watch, 6_000), RECORDING);
        assert_eq!(watch.deadline(), None);
        assert_eq!(beep(&mut watch, 9_000), None, "one message is left");
    }

    #[test]
    fn a_greeting_without_a_beep_is_over_when_it_is_silent() {
        let mut watch = MachineWatch::new();
        watch.speech(true, at(500));
        watch.said("Please leave a message.", at(3_000));
        watch.speech(false, at(3_500));
        assert_eq!(watch.deadline(), Some(at(6_000)));
        watch.speech(true, at(5_000));
        watch.speech(false, at(9_000));
        assert_eq!(watch.handle_timeout(at(11_000)), None);
        assert_eq!(watch.handle_timeout(at(11_500)), RECORDING);
    }

    #[test]
    fn a_beep_alone_is_a_machine_early_in_the_call_and_not_later() {
        assert_eq!(
            beep(&mut MachineWatch::new(), 5_000),
            Some(Found::Recording { is_known: false })
        );
        assert_eq!(beep(&mut MachineWatch::new(), 61_000), None);
    }

    #[test]
    fn the_carrier_knows_best() {
        let mut watch = MachineWatch::new();
        let speaks = Answerer::Machine {
            is_recording: false,
        };
        let records = Answerer::Machine { is_recording: true };
        assert_eq!(watch.told(speaks, at(2_000)), Some(Found::Machine));
        assert_eq!(watch.told(records, at(8_000)), RECORDING);
        assert_eq!(watch.told(records, at(8_100)), None);
        let mut watch = MachineWatch::new();
        assert_eq!(watch.told(Answerer::Human, at(2_000)), None);
        assert_eq!(beep(&mut watch, 5_000), None);
        let mut watch = MachineWatch::new();
        watch.said("This is the voicemail of", at(1_000));
        assert_eq!(watch.told(Answerer::Human, at(2_000)), Some(Found::Human));
    }

    #[test]
    fn people_say_no_greetings() {
        for text in [
            "Hello?",
            "Yes, this is she. Who is calling, please?",
            "Can I take a message for him?",
            "She is out. Would you like to leave a message?",
            "Do you want me to put you through to her voicemail?",
            "I'm at the office right now.",
        ] {
            assert!(!is_greeting(text), "{text}");
        }
    }
}
