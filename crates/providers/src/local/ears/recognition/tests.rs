//! What a call's recognition asks for and answers, with made-up passes.

use super::*;

const FRAME: usize = 320;
const ONE: UtteranceId = UtteranceId(1);
const TWO: UtteranceId = UtteranceId(2);

/// Sound with all its energy high up, so that it is no hum.
fn hear_ms(recognition: &mut Recognition, ms: usize, level: f32) {
    let frame: [f32; FRAME] = std::array::from_fn(|at| if at % 2 == 0 { level } else { -level });
    for _ in 0..ms / 20 {
        recognition.hear(&frame);
    }
}

fn said(text: &str, tokens: &[u32]) -> Option<Transcription> {
    Some(Transcription {
        text: text.to_owned(),
        tokens: tokens.to_vec(),
        mean_log_probability: -0.1,
    })
}

fn final_of(utterance: UtteranceId, text: &str) -> Option<SttEvent> {
    Some(SttEvent::Final {
        utterance,
        text: text.to_owned(),
    })
}

fn started(onset_ago_ms: u32) -> Recognition {
    let mut recognition = Recognition::new();
    hear_ms(&mut recognition, 3_000, 0.1);
    recognition.start(ONE, onset_ago_ms);
    recognition
}

#[test]
fn an_utterance_begins_before_its_onset() {
    let mut recognition = started(100);
    assert_eq!(recognition.finalise(ONE), None);
    let pass = recognition.next_pass().unwrap();
    assert_eq!(
        (pass.kind, pass.samples.len()),
        (PassKind::Final, 300 * SAMPLES_PER_MS)
    );
    assert_eq!(
        recognition.answer(&pass, said("Yes.", &[3])),
        final_of(ONE, "Yes.")
    );
    assert_eq!(recognition.next_pass(), None);
}

#[test]
fn the_pre_roll_does_not_reach_into_the_utterance_before() {
    let mut recognition = started(100);
    recognition.finalise(ONE);
    hear_ms(&mut recognition, 200, 0.1);
    recognition.start(TWO, 100);
    recognition.finalise(TWO);
    let first = recognition.next_pass().unwrap();
    let second = recognition.next_pass().unwrap();
    assert_eq!((first.utterance, second.utterance), (ONE, TWO));
    assert_eq!(second.samples.len(), 200 * SAMPLES_PER_MS);
}

#[test]
fn interim_passes_come_every_300_ms_and_carry_the_draft() {
    let mut recognition = started(100);
    assert_eq!(recognition.next_pass(), None, "300 ms are too few");
    hear_ms(&mut recognition, 200, 0.1);
    let first = recognition.next_pass().unwrap();
    assert_eq!((first.kind, first.draft.len()), (PassKind::Interim, 0));
    let interim = SttEvent::Interim {
        utterance: ONE,
        text: "Book".to_owned(),
    };
    assert_eq!(
        recognition.answer(&first, said("Book", &[7])),
        Some(interim)
    );
    hear_ms(&mut recognition, 280, 0.1);
    assert_eq!(recognition.next_pass(), None);
    hear_ms(&mut recognition, 20, 0.1);
    let second = recognition.next_pass().unwrap();
    assert_eq!(second.draft, [7]);
    assert_eq!(
        recognition.answer(&second, said("Book", &[7])),
        None,
        "nothing new"
    );
}

#[test]
fn an_interim_result_that_comes_after_the_end_is_dropped() {
    let mut recognition = started(500);
    let late = recognition.next_pass().unwrap();
    recognition.finalise(ONE);
    assert!(recognition.is_pass_owed());
    assert_eq!(recognition.answer(&late, said("Boo", &[7])), None);
    let last = recognition.next_pass().unwrap();
    assert_eq!(
        recognition.answer(&last, said("Book it.", &[7, 8])),
        final_of(ONE, "Book it.")
    );
}

#[test]
fn a_final_that_was_refused_says_what_was_last_believed() {
    let mut recognition = started(500);
    let interim = recognition.next_pass().unwrap();
    recognition.answer(&interim, said("Book it", &[7]));
    recognition.finalise(ONE);
    let refused = recognition.next_pass().unwrap();
    assert_eq!(recognition.answer(&refused, None), final_of(ONE, "Book it"));
}

#[test]
fn every_finalise_is_answered_once_even_for_unknown_utterances() {
    let mut recognition = Recognition::new();
    assert_eq!(recognition.finalise(TWO), final_of(TWO, ""));
    recognition.start(ONE, 0);
    recognition.start(TWO, 0);
    assert_eq!(recognition.finalise(ONE), None);
    let pass = recognition.next_pass().unwrap();
    assert_eq!(recognition.answer(&pass, said("", &[])), final_of(ONE, ""));
    assert_eq!(recognition.finalise(ONE), final_of(ONE, ""));
}

#[test]
fn silence_and_guesses_have_no_words() {
    let mut recognition = Recognition::new();
    hear_ms(&mut recognition, 1_000, 0.0);
    recognition.start(ONE, 500);
    assert_eq!(
        recognition.next_pass(),
        None,
        "no interim pass over silence"
    );
    recognition.finalise(ONE);
    let pass = recognition.next_pass().unwrap();
    assert_eq!(
        recognition.answer(&pass, said("You", &[4])),
        final_of(ONE, "")
    );

    let mut recognition = started(500);
    recognition.finalise(ONE);
    let pass = recognition.next_pass().unwrap();
    let guess = Transcription {
        mean_log_probability: -2.0,
        ..said("You", &[4]).unwrap()
    };
    assert_eq!(recognition.answer(&pass, Some(guess)), final_of(ONE, ""));
}

#[test]
fn a_long_utterance_is_cut_at_its_pause_and_joined_again() {
    let mut recognition = started(0);
    hear_ms(&mut recognition, 5_000, 0.1);
    hear_ms(&mut recognition, 240, 0.001);
    hear_ms(&mut recognition, 4_000, 0.1);
    let segment = recognition.next_pass().unwrap();
    assert_eq!(segment.kind, PassKind::Segment);
    let cut_ms = segment.samples.len() / SAMPLES_PER_MS;
    assert!((5_200..5_440).contains(&cut_ms), "{cut_ms}");
    assert_eq!(
        recognition.answer(&segment, said("I would like", &[1, 2])),
        None
    );
    let interim = recognition.next_pass().unwrap();
    assert!(interim.draft.is_empty());
    let text = "I would like to book".to_owned();
    assert_eq!(
        recognition.answer(&interim, said("to book", &[3])),
        Some(SttEvent::Interim {
            utterance: ONE,
            text
        })
    );
    recognition.finalise(ONE);
    let last = recognition.next_pass().unwrap();
    let text = "I would like to book, please.";
    assert_eq!(
        recognition.answer(&last, said("to book, please.", &[3])),
        final_of(ONE, text)
    );
}

#[test]
fn speech_without_a_pause_is_cut_all_the_same() {
    let mut recognition = started(0);
    let mut longest = 0;
    for _ in 0..60 {
        hear_ms(&mut recognition, 1_000, 0.1);
        while let Some(pass) = recognition.next_pass() {
            longest = longest.max(pass.samples.len());
            recognition.answer(&pass, said("la", &[1]));
        }
    }
    assert!(longest < SEGMENT_MAX + SEGMENT_STEP, "{longest}");
}

#[test]
fn interim_passes_grow_rarer_as_the_utterance_grows() {
    let mut recognition = started(0);
    let mut passes = 0;
    for _ in 0..8_500 / 20 {
        hear_ms(&mut recognition, 20, 0.1);
        while let Some(pass) = recognition.next_pass() {
            passes += usize::from(pass.kind == PassKind::Interim);
            recognition.answer(&pass, said("la", &[1]));
        }
    }
    assert!((10..22).contains(&passes), "{passes}");
}

#[test]
fn what_was_heard_when_the_voice_went_quiet_is_final_if_it_stays_quiet() {
    let mut recognition = started(500);
    recognition.suspect_pause(ONE);
    let pause = recognition.next_pass().unwrap();
    assert_eq!(pause.kind, PassKind::Pause);
    let interim = SttEvent::Interim {
        utterance: ONE,
        text: "Book it.".to_owned(),
    };
    assert_eq!(
        recognition.answer(&pause, said("Book it.", &[7])),
        Some(interim)
    );
    hear_ms(&mut recognition, 100, 0.0);
    assert_eq!(recognition.finalise(ONE), final_of(ONE, "Book it."));
    assert_eq!(recognition.next_pass(), None);
}

#[test]
fn an_end_that_is_told_while_the_pause_is_looked_at_waits_for_that_pass_alone() {
    let mut recognition = started(500);
    recognition.suspect_pause(ONE);
    let pause = recognition.next_pass().unwrap();
    hear_ms(&mut recognition, 100, 0.0);
    assert_eq!(recognition.finalise(ONE), None);
    assert!(!recognition.is_pass_owed());
    assert_eq!(
        recognition.answer(&pause, said("Book it.", &[7])),
        final_of(ONE, "Book it.")
    );
}

#[test]
fn a_pause_that_was_none_does_not_settle_the_words_after_it() {
    let mut recognition = started(500);
    recognition.suspect_pause(ONE);
    let pause = recognition.next_pass().unwrap();
    recognition.answer(&pause, said("Book", &[7]));
    hear_ms(&mut recognition, 1_000, 0.1);
    assert_eq!(recognition.finalise(ONE), None);
    let last = recognition.next_pass().unwrap();
    assert_eq!(last.kind, PassKind::Final);
    assert_eq!(
        recognition.answer(&last, said("Book it today.", &[7])),
        final_of(ONE, "Book it today.")
    );
}

#[test]
fn a_pause_that_could_not_be_looked_at_is_settled_by_a_pass_of_its_own() {
    let mut recognition = started(500);
    recognition.suspect_pause(ONE);
    let pause = recognition.next_pass().unwrap();
    assert_eq!(recognition.finalise(ONE), None);
    assert_eq!(recognition.answer(&pause, None), None);
    let last = recognition.next_pass().unwrap();
    assert_eq!(
        recognition.answer(&last, said("Book it.", &[7])),
        final_of(ONE, "Book it.")
    );
}

#[test]
fn a_voice_that_goes_quiet_twice_is_looked_at_twice() {
    let mut recognition = started(500);
    recognition.suspect_pause(ONE);
    let first = recognition.next_pass().unwrap();
    hear_ms(&mut recognition, 200, 0.1);
    recognition.suspect_pause(ONE);
    recognition.answer(&first, said("Book", &[7]));
    let second = recognition.next_pass().unwrap();
    assert_eq!(second.kind, PassKind::Pause);
    assert_eq!(recognition.finalise(ONE), None);
    assert_eq!(
        recognition.answer(&second, said("Book it.", &[7, 8])),
        final_of(ONE, "Book it.")
    );
}
