//! Which segments are asked for, and which words go to which utterance.

use std::time::Duration;

use super::*;

const FIRST: UtteranceId = UtteranceId(1);
const SECOND: UtteranceId = UtteranceId(2);
const ALL: Sent = Sent {
    from: 0,
    until: u64::MAX,
};

/// 1,000 samples a second, so that positions are milliseconds.
fn segments(position: u64) -> Segments {
    let mut segments = Segments::new(1_000);
    segments.hear(position);
    segments
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

fn said(id: UtteranceId, text: &str) -> Vec<SttEvent> {
    vec![SttEvent::Final {
        utterance: id,
        text: text.into(),
    }]
}

fn believed(id: UtteranceId, text: &str) -> Vec<SttEvent> {
    vec![SttEvent::Interim {
        utterance: id,
        text: text.into(),
    }]
}

impl Segments {
    fn more(&mut self, text: &str) -> Vec<SttEvent> {
        self.take(SegmentHeard::More(text.into()), ALL)
    }

    fn so_far(&mut self, text: &str) -> Vec<SttEvent> {
        self.take(SegmentHeard::SoFar(text.into()), ALL)
    }

    fn is_answered(&mut self, text: &str) -> Vec<SttEvent> {
        self.take(SegmentHeard::Settled(text.into()), ALL)
    }
}

#[test]
fn an_utterance_is_sent_from_before_its_onset_to_its_end() {
    let mut it = segments(9_000);
    assert_eq!((it.wanted_from(), it.next_to_ask()), (None, None));
    it.start(FIRST, 300);
    assert_eq!(it.wanted_from(), Some(8_500));
    assert!(it.begin() && !it.begin());
    it.hear(1_000);
    assert_eq!(it.more("Are "), believed(FIRST, "Are"));
    assert_eq!(it.more("you "), believed(FIRST, "Are you"));
    assert_eq!(it.so_far("Are you"), []);
    assert_eq!(it.so_far("Are you op"), believed(FIRST, "Are you op"));
    assert_eq!(it.finalise(FIRST, 0, soon()), []);
    assert_eq!(it.next_to_ask(), Some(10_000));
    it.asked(10_000);
    assert_eq!((it.wanted_from(), it.next_to_ask()), (None, None));
    assert_eq!(it.kept_from(), Some(8_500));
    assert_eq!(it.more("open?"), [], "its end is known");
    assert_eq!(
        it.is_answered(" Are you open? "),
        said(FIRST, "Are you open?")
    );
    assert!(!it.is_owed() && it.kept_from().is_none());
    assert_eq!(it.is_answered("nobody asked"), []);
    assert_eq!(it.finalise(SECOND, 0, soon()), said(SECOND, ""));
}

#[test]
fn the_next_segment_waits_for_the_answer_to_the_last() {
    let mut it = segments(1_000);
    it.start(FIRST, 300);
    it.begin();
    it.finalise(FIRST, 0, soon());
    it.asked(1_000);
    it.hear(400);
    it.start(SECOND, 300);
    it.hear(600);
    it.finalise(SECOND, 0, soon());
    assert_eq!((it.wanted_from(), it.next_to_ask()), (None, None));
    assert_eq!(it.is_answered("one"), said(FIRST, "one"));
    assert_eq!(
        (it.wanted_from(), it.next_to_ask()),
        (Some(1_000), Some(2_000))
    );
    assert!(it.begin());
    it.asked(2_000);
    assert_eq!(it.is_answered(""), said(SECOND, ""));
}

#[test]
fn what_is_known_is_given_at_the_deadline() {
    let mut it = segments(1_000);
    it.start(FIRST, 300);
    it.begin();
    it.more("one");
    let deadline = soon();
    it.finalise(FIRST, 0, deadline);
    it.asked(1_000);
    assert_eq!(it.expire(deadline - Duration::from_millis(1)), []);
    assert_eq!(it.expire(deadline), said(FIRST, "one"));
    // A new connection hears nothing of it.
    assert_eq!(it.resume(0), 1_000);
}

#[test]
fn a_new_connection_hears_the_segment_once_more() {
    let mut it = segments(9_000);
    it.start(FIRST, 300);
    it.begin();
    it.more("one tow");
    it.finalise(FIRST, 0, soon());
    it.asked(9_000);
    assert_eq!(it.resume(5_000), 8_500);
    assert_eq!(
        (it.wanted_from(), it.next_to_ask()),
        (Some(8_500), Some(9_000))
    );
    assert!(it.begin());
    it.asked(9_000);
    assert_eq!(it.is_answered("one two"), said(FIRST, "one two"));
}

#[test]
fn what_the_server_settles_by_itself_is_a_part_of_the_utterance() {
    let mut it = segments(1_000);
    it.start(FIRST, 300);
    it.begin();
    it.so_far("one tow");
    assert_eq!(it.is_answered("one two"), []);
    assert_eq!(it.so_far("three"), believed(FIRST, "one two three"));
    // Another connection hears it all once more.
    it.resume(0);
    it.begin();
    assert_eq!(it.is_answered("one two"), []);
    it.finalise(FIRST, 0, soon());
    it.asked(1_000);
    assert_eq!(it.is_answered("three"), said(FIRST, "one two three"));
}

#[test]
fn long_utterances_are_settled_at_pauses() {
    let mut it = segments(1_000);
    it.start(FIRST, 300);
    it.begin();
    it.hear(5_000);
    it.pause(FIRST);
    assert_eq!(it.next_to_ask(), None, "it is short");
    it.hear(6_000);
    it.pause(FIRST);
    assert_eq!(it.next_to_ask(), Some(12_000));
    it.asked(12_000);
    it.hear(500);
    assert_eq!(it.is_answered("one"), []);
    assert_eq!(it.wanted_from(), Some(12_000));
    assert!(it.begin());
    assert_eq!(it.more("two"), believed(FIRST, "one two"));
    it.hear(500);
    it.pause(FIRST);
    it.finalise(FIRST, 0, soon());
    assert_eq!(it.next_to_ask(), Some(13_000));
    it.asked(13_000);
    assert_eq!(it.is_answered("two"), said(FIRST, "one two"));
}

#[test]
fn where_the_pause_was_the_end_nothing_more_is_asked() {
    for is_answered_first in [true, false] {
        let mut it = segments(1_000);
        it.start(FIRST, 300);
        it.begin();
        it.hear(11_000);
        it.pause(FIRST);
        it.asked(12_000);
        it.hear(400);
        if is_answered_first {
            assert_eq!(it.is_answered("one"), []);
            it.begin();
            assert_eq!(it.finalise(FIRST, 0, soon()), said(FIRST, "one"));
        } else {
            assert_eq!(it.finalise(FIRST, 0, soon()), []);
            assert_eq!(it.is_answered("one"), said(FIRST, "one"));
        }
        assert_eq!(it.wanted_from(), None);
    }
}

#[test]
fn endless_speech_and_utterances_without_an_end_break_nothing() {
    let mut it = segments(1_000);
    it.start(FIRST, 0);
    it.begin();
    for _ in 0..25 {
        it.hear(1_000);
    }
    assert_eq!(it.next_to_ask(), Some(26_000));
    it.more(&"more ".repeat(20_000));
    assert!(it.utterances[0].believed.is_empty());
    it.asked(26_000);
    // It is over where the next one begins, and still finalised later.
    it.hear(1_000);
    it.start(SECOND, 100);
    assert_eq!(it.is_answered("one"), []);
    assert_eq!(
        (it.wanted_from(), it.next_to_ask()),
        (Some(26_000), Some(26_700))
    );
    it.begin();
    it.asked(26_700);
    assert_eq!(it.is_answered("two"), []);
    assert_eq!(it.wanted_from(), Some(26_700));
    assert_eq!(it.finalise(FIRST, 0, soon()), said(FIRST, "one two"));
    for number in 3..99 {
        it.hear(100);
        it.start(UtteranceId(number), 0);
    }
    assert_eq!(it.utterances.len(), UTTERANCES_MAX);
    it.start(UtteranceId(99), u32::MAX);
    assert!(it.utterances.back().unwrap().from <= it.position);
}
