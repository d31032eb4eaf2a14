//! Which words go to which utterance, whatever order and shape they come in.

use std::time::Duration;

use super::*;

const FIRST: UtteranceId = UtteranceId(1);
const SECOND: UtteranceId = UtteranceId(2);
const ALL: Sent = Sent {
    from: 0,
    until: u64::MAX,
};

/// 1,000 samples a second, so that positions are milliseconds.
fn transcript(position: u64) -> Timed {
    let mut transcript = Timed::new(1_000);
    transcript.hear(position);
    transcript
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

/// A result from `start` to `end` with words and when they begin and end, in seconds.
fn result(kind: &str, start: f64, end: f64, words: &[(&str, f64, f64)]) -> TimedResult {
    let whole: Vec<&str> = words.iter().map(|word| word.0).collect();
    let words = words.iter().map(|&(word, start, end)| TimedWord {
        text: word.into(),
        start,
        end,
    });
    TimedResult {
        start,
        end,
        is_final: kind != "interim",
        is_answer: kind == "answer",
        is_pause: kind == "pause",
        text: whole.join(" "),
        words: words.collect(),
    }
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

#[test]
fn interim_text_is_what_is_settled_and_what_is_not() {
    let mut it = transcript(1_000);
    it.start(FIRST, 500);
    let one = [("one", 0.6, 0.8)];
    assert_eq!(
        it.take(result("interim", 0.0, 1.0, &one), ALL),
        believed(FIRST, "one")
    );
    assert_eq!(it.take(result("interim", 0.0, 1.0, &one), ALL), []);
    assert_eq!(it.take(result("final", 0.0, 1.0, &one), ALL), []);
    it.hear(1_000);
    let two = [("two", 1.2, 1.5)];
    assert_eq!(
        it.take(result("interim", 1.0, 2.0, &two), ALL),
        believed(FIRST, "one two")
    );
    assert_eq!(it.finalise(FIRST, 0, soon()), []);
    assert_eq!(it.next_to_ask(), Some(2_000));
    it.asked(2_000);
    assert_eq!(it.next_to_ask(), None);
    // It ends a little before what was sent.
    assert_eq!(
        it.take(result("answer", 1.0, 1.8, &two), ALL),
        said(FIRST, "one two")
    );
    assert!(!it.is_owed());
}

#[test]
fn who_has_fallen_silent_is_settled_by_a_result_that_ends_in_the_silence() {
    // A server that has just settled everything does not answer a request to settle the rest.
    let mut it = transcript(1_000);
    it.start(FIRST, 500);
    it.hear(1_000);
    let words = [("one", 0.6, 0.8), ("two", 1.2, 1.8)];
    it.take(result("final", 0.0, 1.95, &words), ALL);
    assert_eq!(it.finalise(FIRST, 0, soon()), said(FIRST, "one two"));
    it.start(SECOND, 0);
    it.hear(2_000);
    assert_eq!(it.finalise(SECOND, 0, soon()), []);
    let words = [("three", 2.2, 3.8)];
    assert_eq!(
        it.take(result("final", 1.95, 3.89, &words), ALL),
        [],
        "the caller may have spoken since"
    );
}

#[test]
fn words_before_a_pause_settle_the_utterance_once_it_is_over() {
    let mut it = transcript(1_000);
    it.start(FIRST, 500);
    let settled = vec![SttEvent::Settled { utterance: FIRST }];
    let one = [("one", 0.6, 0.8)];
    let events = it.take(result("pause", 0.0, 0.85, &one), ALL);
    assert_eq!(events, [believed(FIRST, "one"), settled.clone()].concat());
    it.hear(500);
    let two = [("two", 1.0, 1.3)];
    let events = it.take(result("pause", 0.85, 1.35, &two), ALL);
    assert_eq!(events, [believed(FIRST, "one two"), settled].concat());
    // The last sound was at 1.36 s.
    assert_eq!(it.finalise(FIRST, 140, soon()), said(FIRST, "one two"));
    it.start(SECOND, 0);
    it.hear(1_000);
    let three = [("three", 1.6, 2.0)];
    it.take(result("pause", 1.35, 2.05, &three), ALL);
    // What was said up to 2.3 s is not known yet.
    assert_eq!(it.finalise(SECOND, 200, soon()), []);
}

#[test]
fn a_pause_after_nothing_is_not_told() {
    let mut it = transcript(1_000);
    it.start(FIRST, 0);
    it.hear(1_000);
    assert_eq!(it.take(result("pause", 0.0, 0.5, &[]), ALL), []);
}

#[test]
fn words_belong_to_an_utterance_by_where_they_begin() {
    let mut it = transcript(1_000);
    it.start(FIRST, 300);
    it.hear(1_000);
    assert_eq!(it.finalise(FIRST, 0, soon()), []);
    it.hear(400);
    it.start(SECOND, 200);
    it.hear(600);
    let words = [
        ("noise", 0.1, 0.4),
        ("soft", 0.6, 0.8),
        ("one", 1.0, 1.3),
        ("two", 2.1, 2.4),
    ];
    let events = it.take(result("final", 0.0, 3.0, &words), ALL);
    assert_eq!(
        events,
        [said(FIRST, "soft one"), believed(SECOND, "two")].concat()
    );
    assert_eq!(it.finalise(SECOND, 0, soon()), said(SECOND, "two"));
}

#[test]
fn words_that_come_before_their_utterance_is_told_wait_for_it() {
    let mut it = transcript(1_000);
    assert_eq!(
        it.take(result("final", 0.0, 1.0, &[("one", 0.7, 0.9)]), ALL),
        []
    );
    it.hear(100);
    it.start(FIRST, 400);
    assert_eq!(
        it.take(result("interim", 1.0, 1.1, &[]), ALL),
        believed(FIRST, "one")
    );
}

#[test]
fn an_utterance_without_words_and_an_unknown_one_are_answered() {
    let mut it = transcript(1_000);
    it.start(FIRST, 300);
    assert_eq!(it.finalise(FIRST, 0, soon()), []);
    assert_eq!(it.finalise(FIRST, 0, soon()), []);
    // An interim result that reaches the end and hears nothing will not change.
    assert_eq!(
        it.take(result("interim", 0.0, 1.0, &[]), ALL),
        said(FIRST, "")
    );
    assert_eq!(it.finalise(FIRST, 0, soon()), said(FIRST, ""));
    assert_eq!(it.finalise(SECOND, 0, soon()), said(SECOND, ""));
}

#[test]
fn what_is_known_is_given_at_the_deadline_and_late_words_go_to_nobody() {
    let mut it = transcript(1_000);
    it.start(FIRST, 600);
    it.take(result("interim", 0.0, 0.9, &[("one", 0.5, 0.7)]), ALL);
    let deadline = soon();
    assert_eq!(it.finalise(FIRST, 0, deadline), []);
    assert_eq!(it.deadline(), Some(deadline));
    assert_eq!(it.expire(deadline - Duration::from_millis(1)), []);
    assert_eq!(it.expire(deadline), said(FIRST, "one"));
    it.hear(200);
    it.start(SECOND, 100);
    let late = [("one", 0.5, 0.7), ("late", 0.8, 0.9), ("two", 1.1, 1.2)];
    assert_eq!(
        it.take(result("final", 0.0, 1.2, &late), ALL),
        believed(SECOND, "two")
    );
}

#[test]
fn words_that_are_heard_after_a_turn_was_ended_are_waited_for() {
    for late in [&[][..], &[("two", 0.85, 0.98)]] {
        let mut it = transcript(1_000);
        it.start(FIRST, 600);
        let deadline = soon();
        assert_eq!(it.finalise(FIRST, 0, deadline), []);
        it.asked(1_000);
        let turn = result("final", 0.0, 0.9, &[("one", 0.5, 0.8)]);
        assert_eq!(it.take(turn, ALL), []);
        let next = it.take(result("interim", 0.9, 1.2, late), ALL);
        if late.is_empty() {
            assert_eq!(next, said(FIRST, "one"));
        } else {
            assert_eq!(next, []);
            assert_eq!(it.expire(deadline), said(FIRST, "one two"));
        }
    }
}

#[test]
fn an_answer_to_an_utterance_of_before_settles_no_later_one() {
    let mut it = transcript(1_000);
    it.start(FIRST, 500);
    let deadline = soon();
    it.finalise(FIRST, 0, deadline);
    it.asked(1_000);
    it.expire(deadline);
    it.hear(2_000);
    it.start(SECOND, 500);
    it.finalise(SECOND, 0, soon());
    it.asked(3_000);
    assert_eq!(
        it.take(result("answer", 0.0, 1.0, &[("one", 0.6, 0.8)]), ALL),
        []
    );
    let two = [("two", 2.6, 2.8)];
    assert_eq!(
        it.take(result("answer", 1.0, 3.0, &two), ALL),
        said(SECOND, "two")
    );
}

#[test]
fn a_new_connection_neither_loses_nor_doubles_a_word() {
    let mut it = transcript(4_000);
    it.start(FIRST, 3_900);
    it.take(result("final", 0.0, 1.0, &[("one", 0.5, 0.9)]), ALL);
    let words = [("two", 1.1, 1.6), ("three", 1.9, 2.3), ("four", 3.0, 3.2)];
    it.take(result("interim", 1.0, 3.5, &words), ALL);
    it.finalise(FIRST, 0, soon());
    it.asked(4_000);
    // "three" began before the audio that is kept: it is believed, and not heard again.
    assert_eq!(it.resume(2_000), 2_300);
    assert_eq!(it.next_to_ask(), Some(4_000));
    let sent = Sent {
        from: 2_000,
        until: 4_000,
    };
    let again = [("ree", 0.0, 0.3), ("four", 1.0, 1.2), ("five", 1.5, 1.7)];
    let events = it.take(result("final", 0.0, 2.0, &again), sent);
    assert_eq!(events, said(FIRST, "one two three four five"));
}

#[test]
fn all_that_is_not_settled_is_heard_again() {
    let mut it = transcript(2_000);
    it.start(FIRST, 1_900);
    it.take(result("final", 0.0, 1.0, &[("one", 0.5, 0.9)]), ALL);
    it.take(result("interim", 1.0, 1.5, &[("tow", 1.1, 1.4)]), ALL);
    assert_eq!(it.resume(0), 1_000);
    let sent = Sent {
        from: 1_000,
        until: 2_000,
    };
    let again = [("two", 0.1, 0.4)];
    let events = it.take(result("interim", 0.0, 1.0, &again), sent);
    assert_eq!(events, believed(FIRST, "one two"));
}

#[test]
fn senseless_times_and_endless_speech_break_nothing() {
    let mut it = transcript(1_000);
    it.start(FIRST, 900);
    let sent = Sent {
        from: 0,
        until: 1_000,
    };
    it.take(
        result("interim", -1e300, 1e300, &[("one", -5.0, 1e300)]),
        sent,
    );
    it.take(
        result("final", 1e300, -1e300, &[("two", 1e300, -1.0)]),
        sent,
    );
    assert!(it.settled_until <= 1_000);
    for second in 0..2_000_u32 {
        it.hear(1_000);
        let at = f64::from(second);
        it.take(
            result("final", at, at + 1.0, &[("more", at + 0.5, at + 0.6)]),
            ALL,
        );
    }
    assert_eq!(it.settled.len(), PIECES_MAX);
    for number in 2..99 {
        it.start(UtteranceId(number), 0);
    }
    assert_eq!(it.utterances.len(), UTTERANCES_MAX);
}
