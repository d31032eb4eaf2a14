//! Playout: sent, held, resumed, cleared.

use proptest::prelude::*;

use super::*;

const RATE: SampleRate = SampleRate::HZ_8000;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Samples that tell where they come from: 1, 2, 3 … from `first` on.
fn ramp(first: u64, count: u64) -> Vec<i16> {
    (first..first + count)
        .map(|index| (index % 30_000) as i16 + 1)
        .collect()
}

/// `text` at `text_start`, 100 ms for each word, told or not.
fn segment(playout: &Playout, text_start: usize, text: &str, tells: bool) -> PlayoutSegment {
    let mut words = Vec::new();
    let mut from = 0;
    for (index, word) in text.split_whitespace().enumerate() {
        let at = from + text[from..].find(word).unwrap();
        from = at + word.len();
        let start = ms(100) * index as u32;
        let (text_start, text_end) = (text_start + at, text_start + from);
        words.push(PlayoutWord {
            text_start,
            text_end,
            start,
            end: start + ms(100),
        });
    }
    let samples = ramp(playout.ledger.end(), words.len() as u64 * 800);
    words.truncate(if tells { usize::MAX } else { 0 });
    PlayoutSegment {
        samples,
        text: text.to_owned(),
        text_start,
        words,
    }
}

fn speaking(text: &str, tells: bool) -> Playout {
    let mut playout = Playout::new(RATE);
    playout.push(7, segment(&playout, 0, text, tells)).unwrap();
    playout.finish(7).unwrap();
    playout
}

fn send(playout: &mut Playout, frames: usize) -> Vec<i16> {
    let mut sent = Vec::new();
    for _ in 0..frames {
        sent.extend_from_slice(playout.next_frame().unwrap().frame.samples());
    }
    sent
}

#[test]
fn a_reply_is_sent_to_its_end_and_heard_to_its_end() {
    let mut playout = speaking("one two three", true);
    assert_eq!(playout.buffered(), ms(300));
    assert_eq!(send(&mut playout, 14), ramp(0, 14 * 160));
    let last = playout.next_frame().unwrap();
    assert!(last.is_last && playout.is_drained());
    assert_eq!((last.turn, playout.next_frame()), (7, None));
    playout.acknowledge(last.mark);
    assert_eq!(playout.heard_position(), 2_400);
    let heard = playout.clear(0).unwrap();
    let expected = Heard {
        turn: 7,
        text_end: 13,
        is_complete: true,
        samples: 2_400,
        has_unknown: false,
    };
    assert_eq!(heard, expected);
    assert_eq!((playout.clear(0), playout.turn()), (None, None));
}

#[test]
fn a_partial_frame_waits_until_the_reply_is_finished() {
    let mut playout = Playout::new(RATE);
    let speech = |samples| PlayoutSegment {
        samples,
        text: String::new(),
        text_start: 0,
        words: Vec::new(),
    };
    playout.push(1, speech(ramp(0, 200))).unwrap();
    assert!(playout.next_frame().is_some());
    assert_eq!((playout.next_frame(), playout.has_frame()), (None, false));
    playout.push(1, speech(ramp(200, 100))).unwrap();
    assert_eq!(playout.next_frame(), None);
    playout.finish(1).unwrap();
    let last = playout.next_frame().unwrap();
    assert_eq!(last.frame.samples()[..140], ramp(160, 140));
    assert_eq!(last.frame.samples()[140..], [0; 20]);
    assert!(last.is_last);
    assert_eq!(playout.sent_position(), 300);
}

#[test]
fn a_hold_goes_back_to_the_start_of_the_word_and_a_word_heard_twice_counts_once() {
    let mut playout = speaking("one two three", true);
    send(&mut playout, 10);
    // 130 ms heard: in mid "two". 200 ms were sent.
    playout.hold(1_040);
    assert!(playout.is_held());
    assert_eq!(
        (playout.next_frame(), playout.sent_position()),
        (None, 1_040)
    );
    assert_eq!(playout.heard().unwrap().text_end, 3);
    playout.resume();
    let again = send(&mut playout, 3);
    assert_eq!(again[0], 0, "the first sample is faded in from silence");
    assert_eq!(
        again[80..],
        ramp(800, 480)[80..],
        "and goes on at the start of \"two\""
    );
    // 50 ms of the new run: not beyond what was heard before.
    playout.set_heard(playout.position_after(ms(20)));
    assert_eq!(playout.heard_position(), 1_040);
    playout.set_heard(playout.position_after(ms(60)));
    assert_eq!(playout.heard_position(), 1_280);
    let heard = playout.clear(playout.position_after(ms(60))).unwrap();
    assert_eq!(
        (heard.text_end, heard.samples, heard.is_complete),
        (7, 1_280, false)
    );
}

#[test]
fn without_word_times_a_hold_goes_back_to_the_exact_place() {
    let mut playout = speaking("one two three", false);
    send(&mut playout, 10);
    playout.hold(1_040);
    playout.resume();
    assert_eq!(send(&mut playout, 2)[80..], ramp(1_040, 320)[80..]);
    let heard = playout.clear(1_040).unwrap();
    assert!(heard.has_unknown);
}

#[test]
fn holding_again_in_the_same_word_does_not_creep_back() {
    let mut playout = Playout::new(RATE);
    let word = PlayoutWord {
        text_start: 0,
        text_end: 4,
        start: ms(0),
        end: ms(3_000),
    };
    let samples = ramp(0, 24_000);
    let speech = PlayoutSegment {
        samples,
        text: "long".into(),
        text_start: 0,
        words: vec![word],
    };
    playout.push(1, speech).unwrap();
    send(&mut playout, 100);
    playout.hold(15_000);
    playout.resume();
    assert_eq!(
        playout.position_after(ms(0)),
        7_000,
        "one second back at most"
    );
    send(&mut playout, 1);
    playout.hold(7_100);
    playout.resume();
    assert_eq!(playout.position_after(ms(0)), 7_000);
}

#[test]
fn marks_from_before_a_cut_or_of_another_reply_say_nothing() {
    let mut playout = speaking("one two three", true);
    let early = playout.next_frame().unwrap().mark;
    send(&mut playout, 8);
    let late = playout.next_frame().unwrap().mark;
    playout.acknowledge(early);
    assert_eq!(playout.heard_position(), 160);
    playout.hold(400);
    playout.acknowledge(late);
    assert_eq!(playout.heard_position(), 400);
    playout.resume();
    send(&mut playout, 10);
    playout.acknowledge(late);
    assert_eq!(playout.heard_position(), 400);
    playout.clear(0);
    playout.push(8, segment(&playout, 0, "new", true)).unwrap();
    send(&mut playout, 5);
    playout.acknowledge(late);
    assert_eq!(playout.heard_position(), 0);
}

#[test]
fn what_was_heard_never_goes_back_nor_beyond_what_was_sent() {
    let mut playout = speaking("one two three", true);
    send(&mut playout, 4);
    playout.set_heard(500);
    playout.set_heard(100);
    assert_eq!(playout.heard_position(), 500);
    playout.set_heard(u64::MAX);
    assert_eq!(playout.heard_position(), 640);
    assert_eq!(playout.clear(u64::MAX).unwrap().samples, 640);
}

#[test]
fn a_reply_that_nobody_heard_has_no_text() {
    let mut playout = speaking("one two three", true);
    send(&mut playout, 5);
    let heard = playout.clear(0).unwrap();
    assert_eq!(
        (heard.text_end, heard.samples, heard.has_unknown),
        (0, 0, false)
    );
    assert_eq!(playout.fade_out_tail(), None);
}

#[test]
fn the_tail_goes_on_from_the_ear_and_fades_to_silence() {
    let mut playout = speaking("one two three", true);
    send(&mut playout, 5);
    playout.clear(600);
    let tail = playout.fade_out_tail().unwrap();
    assert!((i32::from(tail.samples()[0]) - 601).abs() < 2);
    assert_eq!(tail.samples()[79..], [0; 81]);
    assert_eq!(playout.fade_out_tail(), None);
}

#[test]
fn speech_that_does_not_fit_is_refused_and_changes_nothing() {
    let mut playout = Playout::new(RATE);
    playout
        .push(1, segment(&playout, 4, "one two", true))
        .unwrap();
    let other = playout
        .push(2, segment(&playout, 0, "no", true))
        .unwrap_err();
    assert_eq!(other, PlayoutError::OtherTurn { live: 1, pushed: 2 });
    assert_eq!(playout.finish(2).unwrap_err(), other);
    let order = playout
        .push(1, segment(&playout, 10, "x", true))
        .unwrap_err();
    assert_eq!(
        order,
        PlayoutError::TextOutOfOrder {
            start: 10,
            before: 11
        }
    );
    for (text_start, text_end) in [(0, 3), (12, 14), (11, 99), (13, 12), (12, 13)] {
        let mut bad = segment(&playout, 11, " é", false);
        let word = PlayoutWord {
            text_start,
            text_end,
            start: ms(0),
            end: ms(1),
        };
        bad.words = vec![
            PlayoutWord {
                text_start: 11,
                text_end: 11,
                ..word
            },
            word,
        ];
        let is_good = (text_start, text_end) == (12, 14);
        let index = if is_good { continue } else { 1 };
        assert_eq!(playout.push(1, bad), Err(PlayoutError::BadWord { index }));
    }
    assert_eq!(playout.buffered(), ms(200));
    playout.finish(1).unwrap();
    let late = playout
        .push(1, segment(&playout, 11, "x", true))
        .unwrap_err();
    assert_eq!(late, PlayoutError::Finished { turn: 1 });
    assert!(late.to_string().contains("turn 1"));
}

#[test]
fn a_finished_reply_without_speech_is_drained_at_once() {
    let mut playout = Playout::new(RATE);
    playout.finish(3).unwrap();
    assert!(playout.is_drained());
    let heard = playout.clear(0).unwrap();
    assert_eq!(
        (heard.turn, heard.text_end, heard.is_complete),
        (3, 0, true)
    );
}

#[derive(Debug, Clone)]
enum Step {
    Push { words: usize, tells: bool },
    Finish,
    Send(usize),
    Hear(u64),
    Hold(u64),
    Resume,
    Clear(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_usize..6, any::<bool>()).prop_map(|(words, tells)| Step::Push { words, tells }),
        1 => Just(Step::Finish),
        6 => (1_usize..20).prop_map(Step::Send),
        3 => (0_u64..500).prop_map(Step::Hear),
        2 => (0_u64..500).prop_map(Step::Hold),
        2 => Just(Step::Resume),
        1 => (0_u64..500).prop_map(Step::Clear),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the test knows of a reply: its whole text and where the next frame must begin.
#[derive(Default)]
struct Expected {
    turn: u32,
    text: String,
    is_finished: bool,
    next: u64,
    is_held: bool,
    ear: u64,
}

impl Expected {
    fn check(&self, playout: &Playout) -> Result<(), TestCaseError> {
        prop_assert!(playout.sent_position() >= playout.heard_position());
        prop_assert!(playout.sent_position() <= playout.ledger.end());
        if let Some(heard) = playout.heard() {
            prop_assert!(heard.text_end <= self.text.len());
            prop_assert!(self.text.is_char_boundary(heard.text_end));
            let rest = &self.text[heard.text_end..];
            let is_at_word_end = rest.is_empty()
                || rest.starts_with(char::is_whitespace)
                || heard.text_end == 0
                || self.text[..heard.text_end].ends_with(char::is_whitespace);
            prop_assert!(is_at_word_end, "cut in mid-word before {rest:?}");
            prop_assert_eq!(heard.samples, playout.heard_position());
        }
        Ok(())
    }

    /// Each frame goes on exactly where the last one ended, or where a hold went back to.
    fn send(&mut self, playout: &mut Playout, fades: &mut bool) -> Result<(), TestCaseError> {
        let Some(sent) = playout.next_frame() else {
            return Ok(());
        };
        prop_assert!(!self.is_held);
        let count = 160.min(playout.ledger.end() - self.next);
        let skipped = if std::mem::take(fades) { 80 } else { 0 };
        let expected = ramp(self.next, count);
        let from = skipped.min(count as usize);
        prop_assert_eq!(
            &sent.frame.samples()[from..count as usize],
            &expected[from..]
        );
        self.next += count;
        Ok(())
    }

    fn hold(&mut self, playout: &mut Playout, position: u64) -> Result<(), TestCaseError> {
        let (before, sent, was_held) = (self.next, playout.heard_position(), self.is_held);
        playout.hold(position);
        if playout.turn().is_none() || was_held {
            return Ok(());
        }
        self.is_held = true;
        self.next = playout.cursor;
        let ear = position.min(before).max(self.ear);
        prop_assert!(playout.cursor <= ear && ear - playout.cursor <= 8_000);
        prop_assert!(playout.heard_position() >= sent);
        self.ear = self.next;
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_sample_is_lost_or_doubled_and_the_heard_text_is_a_prefix(steps in steps()) {
        let mut playout = Playout::new(RATE);
        let mut reply = Expected { turn: 1, ..Expected::default() };
        let mut fades = false;
        for step in steps {
            match step {
                Step::Push { words, tells } => {
                    let text = "word, é… ".repeat(words);
                    let speech = segment(&playout, reply.text.len(), &text, tells);
                    // An empty text would continue an empty segment before it: the same thing.
                    let taken = playout.push(reply.turn, speech);
                    prop_assert_eq!(taken.is_err(), reply.is_finished);
                    if taken.is_ok() {
                        reply.text.push_str(&text);
                    }
                }
                Step::Finish => {
                    let taken = playout.finish(reply.turn);
                    prop_assert_eq!(taken.is_err(), reply.is_finished);
                    reply.is_finished = true;
                }
                Step::Send(count) => {
                    for _ in 0..count {
                        reply.send(&mut playout, &mut fades)?;
                    }
                }
                Step::Hear(time) => playout.set_heard(playout.position_after(ms(time))),
                Step::Hold(time) => {
                    let position = playout.position_after(ms(time));
                    reply.hold(&mut playout, position)?;
                }
                Step::Resume => {
                    fades |= playout.is_held() && playout.cursor > 0;
                    playout.resume();
                    reply.is_held = false;
                }
                Step::Clear(time) => {
                    let live = playout.turn();
                    let known = playout.heard_position();
                    let heard = playout.clear(playout.position_after(ms(time)));
                    prop_assert_eq!(heard.map(|heard| heard.turn), live);
                    if let Some(heard) = heard {
                        prop_assert!(heard.samples >= known);
                        prop_assert!(heard.text_end <= reply.text.len());
                        prop_assert!(!heard.is_complete || reply.is_finished);
                    }
                    reply = Expected { turn: reply.turn + 1, ..Expected::default() };
                    fades = false;
                }
            }
            reply.check(&playout)?;
        }
    }
}
