//! The front end over a small lexicon, without weights.

use super::*;
use crate::normalise::spoken_form;

fn phonemiser() -> Phonemiser {
    let lexicon = Lexicon::of(&[
        ("bright", "bɹˈIt"),
        ("smile", "smˈIl"),
        ("apple", "ˈæpᵊl"),
        ("pear", "pˈɛɹ"),
        ("check", "ʧˈɛk"),
        ("open", "ˈOpᵊn"),
        ("table", "tˈAbᵊl"),
        ("water", "wˈɔɾəɹ"),
        ("stop", "stˈɑp"),
        ("could", "kʊd"),
        ("cafe", "kæfˈA"),
    ]);
    Phonemiser {
        lexicon,
        tagger: Tagger::default(),
        unknown: None,
    }
}

fn line(text: &str) -> String {
    let sounds = phonemiser().sounds(&spoken_form(text));
    let words: Vec<String> = sounds
        .iter()
        .map(|sound| {
            sound
                .mark
                .map_or(sound.phonemes.clone(), |mark| mark_character(mark).into())
        })
        .collect();
    words.join(" ")
}

#[test]
fn words_in_context() {
    for (text, phonemes) in [
        ("the apple", "ði ˈæpᵊl"),
        ("the pear", "ðə pˈɛɹ"),
        ("Could", "kˌʊd"),
        ("waters", "wˈɔTəɹz"),
        ("Nguyen's pear", "wˈɪnz pˈɛɹ"),
        ("check-in", "ʧˈɛkˌɪn"),
        ("OpenTable", "ˈOpᵊn tˈAbᵊl"),
        ("watertable", "wˈɔTəɹtˌAbᵊl"),
        ("STOP", "stˈɑp"),
        ("stopping", "stˈɑpɪŋ"),
        ("the pears' table", "ðə pˈɛɹz tˈAbᵊl"),
        ("café", "kæfˈA"),
    ] {
        assert_eq!(line(text), phonemes, "{text}");
    }
}

#[test]
fn what_nothing_knows_is_spelled() {
    assert_eq!(line("MRI"), "ˌɛmˌɑɹˈI");
    assert_eq!(line("brrp"), "bˌiˌɑɹˌɑɹpˈi");
    assert_eq!(line("P.M. stop"), "pˈi ˈɛm stˈɑp");
    assert_eq!(line("zorblax"), "zˌiˌOˌɑɹbˌiˌɛlˌAˈɛks");
}

#[test]
fn what_cannot_be_said_is_left_out() {
    assert_eq!(line("語"), "");
    assert_eq!(line("the 語 apple"), "ði ˈæpᵊl");
    assert!(phonemiser().sounds(&[]).is_empty());
}

#[test]
fn contractions_and_parts() {
    assert_eq!(split_contraction("don't"), ("do", Some("n't")));
    assert_eq!(split_contraction("I'll"), ("I", Some("'ll")));
    assert_eq!(split_contraction("'s"), ("'s", None));
    assert_eq!(parts("iPhone"), ["iPhone"]);
    assert_eq!(parts("well-known"), ["well", "known"]);
    assert_eq!(parts("OpenAI"), ["Open", "AI"]);
}
