//! What was heard, word by word.

use std::time::Duration;

use super::*;
use crate::PlayoutWord;

const RATE: SampleRate = SampleRate::HZ_16000;

fn spoken(text_start: usize, text: &str, samples: Vec<i16>) -> PlayoutSegment {
    PlayoutSegment {
        samples,
        text: text.to_owned(),
        text_start,
        words: Vec::new(),
    }
}

fn loud(milliseconds: usize) -> Vec<i16> {
    vec![5_000; milliseconds * 16]
}

/// A ledger of which all was sent and this much heard.
fn heard_at(segments: &[PlayoutSegment], milliseconds: u64) -> Heard {
    let mut ledger = Ledger::new(RATE);
    for segment in segments {
        ledger.push(segment).unwrap();
    }
    ledger.set_sent(u64::MAX);
    ledger.set_heard(milliseconds * 16);
    ledger.summary(1, true)
}

fn heard_text(text: &str, audio: &[i16], milliseconds: u64) -> String {
    let heard = heard_at(&[spoken(0, text, audio.to_vec())], milliseconds);
    text[..heard.text_end].to_owned()
}

#[test]
fn a_word_counts_from_sixty_percent_on_and_takes_its_punctuation_along() {
    let word = |text_start, text_end, start, end| PlayoutWord {
        text_start,
        text_end,
        start: Duration::from_millis(start),
        end: Duration::from_millis(end),
    };
    let mut speech = spoken(10, "Well, \"good\" then!", loud(1_000));
    speech.words = vec![
        word(10, 14, 50, 250),
        word(17, 21, 400, 700),
        word(23, 27, 700, 1_200),
    ];
    let at = |milliseconds| heard_at(std::slice::from_ref(&speech), milliseconds);
    let ends: Vec<usize> = [0, 169, 170, 400, 579, 580, 879, 880]
        .map(|time| at(time).text_end)
        .to_vec();
    assert_eq!(ends, [0, 0, 15, 15, 15, 22, 22, 28]);
    assert!(at(880).is_complete && !at(879).is_complete);
    assert!(!at(580).has_unknown);
}

#[test]
fn without_word_times_words_share_the_audio_by_length() {
    let text = "I am considerably longer";
    assert_eq!(heard_text(text, &loud(2_300), 100), "I");
    assert_eq!(heard_text(text, &loud(2_300), 500), "I am");
    assert_eq!(heard_text(text, &loud(2_300), 1_500), "I am considerably");
    assert_eq!(heard_text(text, &loud(2_300), 2_300), text);
    let heard = heard_at(&[spoken(0, text, loud(2_300))], 1_500);
    assert!(heard.has_unknown && !heard.is_complete);
    assert!(!heard_at(&[spoken(0, text, loud(2_300))], 2_300).has_unknown);
}

#[test]
fn silence_around_the_speech_belongs_to_no_word() {
    let mut audio = vec![0; 8_000];
    audio.extend(loud(1_000));
    audio.extend(vec![0; 8_000]);
    assert_eq!(heard_text("alpha bravo", &audio, 500), "");
    assert_eq!(heard_text("alpha bravo", &audio, 1_000), "alpha");
    assert_eq!(heard_text("alpha bravo", &audio, 1_500), "alpha bravo");
}

#[test]
fn digits_and_pauses_take_their_time() {
    // "2026" is said as four words at least; after "No." comes a pause.
    assert_eq!(heard_text("in 2026 we", &loud(2_000), 1_000), "in");
    assert_eq!(heard_text("No. But yes", &loud(1_900), 900), "No.");
}

#[test]
fn scripts_without_spaces_are_cut_between_characters() {
    let text = "明日の午後、三時です。";
    assert_eq!(heard_text(text, &loud(1_100), 550), "明日の午後、");
    assert_eq!(heard_text(text, &loud(1_100), 1_100), text);
}

#[test]
fn a_sentence_may_come_in_pieces() {
    let pieces = [
        spoken(0, "one two", loud(300)),
        spoken(0, "one two", loud(300)),
    ];
    assert_eq!(heard_at(&pieces, 300).text_end, 3);
    assert_eq!(heard_at(&pieces, 600).text_end, 7);
}

#[test]
fn text_without_audio_is_reached_with_the_audio_before_it() {
    let segments = [spoken(0, "Bye. ", loud(200)), spoken(5, "🙂", Vec::new())];
    assert!(heard_at(&segments, 200).is_complete);
    assert_eq!(heard_at(&segments, 199).text_end, 5);
    assert_eq!(heard_at(&segments, 0).text_end, 0);
    assert_eq!(heard_at(&segments[1..], 0).text_end, 0);
}

#[test]
fn speech_of_unknown_text_is_unknown_not_empty() {
    let heard = heard_at(&[spoken(0, "", loud(400))], 200);
    assert_eq!(
        (heard.text_end, heard.has_unknown, heard.samples),
        (0, true, 3_200)
    );
    assert!(!heard_at(&[spoken(0, "", vec![0; 6_400])], 200).has_unknown);
}
