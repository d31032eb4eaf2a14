//! Any fact there is, with any numbers.

use std::time::Duration;

use offhook_turn_taking::{
    Fact, HeardText, Instant, Opening, Order, OrderedSpeech, ReplyFailure, SpeechOrder, TurnId,
    TurnPolicy, UtteranceId,
};

use crate::random::Random;

const TEXTS: [&str; 16] = [
    "",
    " ",
    "yes",
    "mhm",
    "hold on",
    "I would like to",
    "my number is 0 1 7 5",
    "my email is john at",
    "john@@@..@",
    "Ça va? Ja. Да. はい。",
    "\u{0}\u{7f}\u{202e}",
    "🦀🦀 👩‍👩‍👧",
    "... ?!. ,",
    "999999999999999999999999999999999999999999",
    "ﬁ İ ẞ ŉ",
    "a\nb\tc\r\n",
];

const NUMBERS: [f32; 9] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    -1.0,
    -0.0,
    f32::MIN_POSITIVE,
    0.5,
    1.0,
    f32::MAX,
];

/// Which utterances the stream has come to, so that some of its facts fit together.
pub(crate) struct Facts {
    utterance: u32,
    /// How many of a hundred facts fit.
    fitting_percent: u64,
    /// How many of a hundred moments are far from the one before.
    leaping_percent: u64,
}

impl Facts {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self {
            utterance: 0,
            fitting_percent: random.pick(&[0, 50, 90, 99]),
            leaping_percent: random.pick(&[0, 0, 2, 20]),
        }
    }

    /// The next fact and its moment; `last` is the newest reply.
    pub(crate) fn next(
        &mut self,
        last: TurnId,
        now: Instant,
        random: &mut Random,
    ) -> (Instant, Fact) {
        let step = if random.is(self.leaping_percent) {
            duration(random)
        } else {
            random.millis(0, 700)
        };
        // A clock that would overflow is no clock.
        let at = (now + step).min(Instant::from_micros(u64::MAX / 4));
        (at, self.fact(last, random))
    }

    fn fact(&mut self, last: TurnId, random: &mut Random) -> Fact {
        let turn = self.turn(last, random);
        match random.below(100) {
            0..5 => Fact::CallAnswered,
            5..18 => {
                self.utterance = self.utterance.saturating_add(1);
                Fact::SpeechStarted {
                    utterance: self.utterance(random),
                    onset_ago: self.ago(random),
                }
            }
            18..21 => Fact::SpeechProbability {
                probability: number(random),
            },
            21..34 => Fact::SpeechStopped {
                utterance: self.utterance(random),
                silence: self.ago(random),
            },
            34..40 => Fact::TranscriptInterim {
                utterance: self.utterance(random),
                text: text(random),
            },
            40..52 => Fact::TranscriptFinal {
                utterance: self.utterance(random),
                text: text(random),
            },
            52..60 => Fact::EndOfTurnLikelihood {
                utterance: self.utterance(random),
                likelihood: number(random),
            },
            60..64 => Fact::VoiceJudged {
                utterance: self.utterance(random),
                likeness: number(random),
                is_caller: random.is(50),
            },
            64..67 => Fact::ReplyToken { turn },
            67..72 => Fact::ReplyReady { turn },
            72..74 => Fact::ReplyFailed {
                turn,
                cause: random.pick(&[
                    ReplyFailure::ChatModel,
                    ReplyFailure::Voice,
                    ReplyFailure::Empty,
                ]),
            },
            74..77 => Fact::ReplyCancelled {
                turn,
                heard: if random.is(30) {
                    HeardText::Unknown
                } else {
                    HeardText::Known(text(random))
                },
            },
            77..79 => Fact::ToolStarted { turn },
            79..81 => Fact::ToolFinished { turn },
            81..83 => Fact::FillerStarted { turn },
            83..88 => Fact::PlayoutStarted { turn },
            88..90 => Fact::PlayoutRanDry { turn },
            90..92 => Fact::PlayoutProgress {
                turn,
                heard: self.ago(random),
            },
            92..95 => Fact::PlayoutFinished { turn },
            _ => self.rare(turn, random),
        }
    }

    fn rare(&self, turn: TurnId, random: &mut Random) -> Fact {
        match random.below(26) {
            0 => Fact::HungUp,
            20 => successor(random),
            21.. => Fact::Ordered(order(random)),
            1 => Fact::TranscriptFailed,
            2..8 => Fact::TurnSkipped {
                turn,
                wait: random.is(50).then(|| self.ago(random)),
            },
            8..10 => Fact::TranscriptSettled {
                utterance: self.utterance(random),
            },
            10..12 => Fact::DtmfPressed {
                digit: random.pick(&['0', '#', 'D', 'x', '\u{0}', '９']),
            },
            12..17 => Fact::UserMessage { text: text(random) },
            _ => Fact::UserActivity,
        }
    }

    fn utterance(&self, random: &mut Random) -> UtteranceId {
        UtteranceId(if random.is(self.fitting_percent) {
            self.utterance
        } else {
            random.pick(&[0, 1, self.utterance.saturating_sub(1), u32::MAX])
        })
    }

    fn turn(&self, last: TurnId, random: &mut Random) -> TurnId {
        if random.is(self.fitting_percent) {
            last
        } else {
            TurnId(random.pick(&[0, 1, last.0.saturating_sub(1), u32::MAX]))
        }
    }

    fn ago(&self, random: &mut Random) -> Duration {
        if random.is(self.fitting_percent) {
            random.millis(0, 800)
        } else {
            duration(random)
        }
    }
}

fn successor(random: &mut Random) -> Fact {
    Fact::SuccessorReady {
        // Often one that is out of range.
        policy: Box::new(TurnPolicy {
            reply_deadline: duration(random),
            endpoint_delay_max: random.is(50).then(|| duration(random)),
            greets_first: random.is(50),
            ..TurnPolicy::default()
        }),
        opening: random.pick(&[None, Some(Opening::Greeting), Some(Opening::Reply)]),
    }
}

fn order(random: &mut Random) -> Order {
    match random.below(8) {
        0 => Order::Hold,
        1 => Order::EndHold,
        2 => Order::Mute,
        3 => Order::Unmute,
        number => Order::Speak(SpeechOrder {
            speech: match number {
                4 => OrderedSpeech::Reply,
                _ => OrderedSpeech::Line(random.pick(&[0, 1, u32::MAX])),
            },
            is_urgent: random.is(40),
            is_interruptible: random.is(70),
            ends_call: random.is(5),
        }),
    }
}

fn duration(random: &mut Random) -> Duration {
    match random.below(5) {
        0 => Duration::ZERO,
        1 => Duration::from_nanos(1),
        2 => Duration::from_secs(random.between(1, 100_000)),
        3 => Duration::from_secs(u64::MAX / 2),
        _ => Duration::MAX,
    }
}

fn number(random: &mut Random) -> f32 {
    if random.is(20) {
        random.pick(&NUMBERS)
    } else {
        random.share()
    }
}

fn text(random: &mut Random) -> String {
    let pieces = random.pick(&[1, 1, 1, 2, 5, 60]);
    let said: Vec<&str> = (0..pieces).map(|_| random.pick(&TEXTS)).collect();
    said.join(random.pick(&["", " ", ", ", ". "]))
}
