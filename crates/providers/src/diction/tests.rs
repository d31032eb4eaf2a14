//! Written text, what the voice is given for it, and what is told of it.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::scripted::ScriptedVoice;
use offhook_contract::{
    Diction, PhonemeAlphabet, Pronunciation, SaidAs, SpeechAudio, SpeechEvent, SpeechRequest,
    SpokenText, TextSpan, TextToSpeech as _, VoiceManner,
};

use super::*;

fn rule(text: &str, said: SaidAs) -> Pronunciation {
    Pronunciation {
        text: text.into(),
        said,
        is_case_sensitive: true,
        is_whole_word: true,
    }
}

fn alias(text: &str, words: &str) -> Pronunciation {
    rule(text, SaidAs::Words(words.into()))
}

fn phonemes(text: &str, alphabet: PhonemeAlphabet, phonemes: &str) -> Pronunciation {
    let phonemes = phonemes.to_owned();
    rule(text, SaidAs::Phonemes { alphabet, phonemes })
}

fn request(language: &str, writes_out: Option<bool>, rules: &[Pronunciation]) -> SpeechRequest {
    SpeechRequest {
        rate: None,
        voice: None,
        language: language.into(),
        speed: 1.0,
        manner: VoiceManner::default(),
        diction: Diction {
            writes_out,
            pronunciations: rules.into(),
            has_audio_tags: false,
        },
        is_phrase: false,
    }
}

/// What a voice is given for `text`.
fn given(request: &SpeechRequest, reading: Reading, text: &str) -> String {
    match Wording::of(request, reading, false) {
        Some(wording) => wording.said(text).0,
        None => text.to_owned(),
    }
}

#[test]
fn numbers_become_words_where_that_is_needed_or_asked_for() {
    let badly = Reading {
        numbers: NumberReading::Badly,
        ..Reading::PLAIN
    };
    let own = Reading {
        numbers: NumberReading::Own,
        ..Reading::PLAIN
    };
    let (written, words) = ("It is $5.", "It is five dollars.");
    for (reading, asked, language, expected) in [
        (Reading::PLAIN, None, "en", written),
        (Reading::PLAIN, Some(true), "en-GB", words),
        (Reading::PLAIN, Some(true), "de", written),
        (badly, None, "en", words),
        (badly, Some(false), "en", written),
        (badly, None, "fr", written),
        (own, Some(true), "en", written),
    ] {
        let said = given(&request(language, asked, &[]), reading, written);
        assert_eq!(said, expected, "{reading:?} {asked:?} {language}");
    }
}

#[test]
fn every_kind_of_number_is_given_in_words_and_the_rest_as_it_is() {
    let request = request("en", Some(true), &[]);
    for (written, said) in [
        (
            "I count 42 of 1,250.",
            "I count forty two of one thousand two hundred fifty.",
        ),
        (
            "“That’s $12.50,” she said.",
            "“That’s twelve dollars and fifty cents,” she said.",
        ),
        ("See you at 2:30 p.m.", "See you at two thirty P M"),
        (
            "Call 503-555-0142!",
            "Call five oh three, five five five, oh one four two!",
        ),
        ("Ask Dr. Lee.", "Ask Doctor Lee."),
        ("It is 20% off.", "It is twenty percent off."),
        ("Nothing to do here.", "Nothing to do here."),
    ] {
        let words = given(&request, Reading::PLAIN, written);
        let bare = |text: &str| text.replace('-', " ").replace('.', "").to_lowercase();
        assert_eq!(bare(&words), bare(said), "{written}");
    }
    for (written, words) in [
        ("Write to ann.lee@example.com.", ["at", "dot"]),
        ("Look at www.example.com/help.", ["dot", "slash"]),
        ("On March 3, 2025 we open.", ["third", "twenty"]),
    ] {
        let said = given(&request, Reading::PLAIN, written).to_lowercase();
        let missing: Vec<_> = words.iter().filter(|it| !said.contains(**it)).collect();
        let has_digit = said.contains(|c: char| c.is_ascii_digit() || c == '@');
        assert!(missing.is_empty() && !has_digit, "{written}: {said}");
    }
}

#[test]
fn rules_find_their_words_and_no_others() {
    let loose = Pronunciation {
        is_case_sensitive: false,
        is_whole_word: false,
        ..alias("acme", "ack me")
    };
    let rules = [
        alias("UN", "United Nations"),
        alias("New York", "the Big Apple"),
        alias("York", "Yorkshire"),
        alias("5G", "five gee"),
        loose,
    ];
    let request = request("en", Some(true), &rules);
    for (written, said) in [
        ("The UN met.", "The United Nations met."),
        (
            "The UN's UNDO, un-UN",
            "The United Nations's UNDO, un-United Nations",
        ),
        ("New York, York", "the Big Apple, Yorkshire"),
        ("It has 5G and 5.", "It has five gee and five."),
        ("AcMes", "ack mes"),
        ("", ""),
    ] {
        assert_eq!(given(&request, Reading::PLAIN, written), said, "{written}");
    }
}

#[test]
fn audio_tags_are_left_out_for_voices_that_would_read_them() {
    let mut request = request("en", None, &[alias("laughs", "giggles")]);
    let written = "[laughs] Well, [very quietly] she laughs [1].";
    let kept = "[giggles] Well, [very quietly] she giggles [1].";
    assert_eq!(given(&request, Reading::PLAIN, written), kept);
    request.diction.has_audio_tags = true;
    let said = given(&request, Reading::PLAIN, written);
    assert_eq!(said, " Well,  she giggles [1].");
    let taken = Wording::of(&request, Reading::PLAIN, true).unwrap();
    assert_eq!(taken.said("[sighs] Yes.").0, "[sighs] Yes.");
}

#[test]
fn phonemes_are_tagged_respelled_or_left_to_the_voice() {
    use PhonemeAlphabet::{CmuArpabet, Ipa};
    let rules = [
        phonemes("tomato", Ipa, "/təˈmeɪtoʊ/"),
        phonemes("Nguyen", CmuArpabet, "W IH1 N"),
        phonemes("Madison", CmuArpabet, "M AE1 D IH0 S AH0 N"),
        phonemes("gibberish", Ipa, "??"),
    ];
    let request = request("en", None, &rules);
    let said = |phonemes, text| {
        let reading = Reading {
            phonemes,
            ..Reading::PLAIN
        };
        given(&request, reading, text)
    };
    assert_eq!(
        said(PhonemeForm::Ssml, "a tomato"),
        "a <phoneme alphabet=\"ipa\" ph=\"/təˈmeɪtoʊ/\">tomato</phoneme>"
    );
    assert!(said(PhonemeForm::Ssml, "Nguyen").contains("cmu-arpabet\" ph=\"W IH1 N\""));
    assert_eq!(said(PhonemeForm::Own, "a tomato"), "a tomato");
    for (written, spelled) in [
        ("tomato", "tuh-may-toh"),
        ("Nguyen", "wihn"),
        ("Madison", "ma-dih-suhn"),
        ("gibberish", "gibberish"),
    ] {
        assert_eq!(said(PhonemeForm::Respelled, written), spelled);
    }
}

/// Gives pieces to a voice, and collects what it says and what is told of it.
async fn spoken(
    request: SpeechRequest,
    reading: Reading,
    pieces: &[SpokenText],
) -> (Vec<String>, Vec<SpeechAudio>) {
    let voice = ScriptedVoice::default();
    let given = voice.texts.clone();
    let worded = WordedVoice::new(Arc::new(voice), reading);
    let mut stream = worded.open(request).await.unwrap();
    for piece in pieces {
        stream.text.send(piece.clone()).await.unwrap();
    }
    drop(stream.text);
    let mut told = Vec::new();
    while let Some(event) = stream.events.recv().await {
        let SpeechEvent::Audio(audio) = event else {
            continue;
        };
        told.push(audio);
    }
    let given = given.so_far().into_iter().map(|it| it.text).collect();
    (given, told)
}

fn piece(reply: &str, text: &str) -> SpokenText {
    let start = reply.find(text).unwrap();
    SpokenText {
        text: text.into(),
        span: TextSpan {
            start,
            end: start + text.len(),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_are_the_words_as_they_are_written() {
    let reply = "Grüße! It costs $120 at ACME. Bye.";
    let pieces = ["Grüße!", "It costs $120 at ACME.", "Bye."].map(|it| piece(reply, it));
    let rules = [alias("ACME", "a company")];
    let asked = request("en", Some(true), &rules);
    let (given, told) = spoken(asked, Reading::PLAIN, &pieces).await;
    let second = "It costs one hundred twenty dollars at a company.";
    assert_eq!(given, ["Grüße!", second, "Bye."]);
    let spans: Vec<&str> = told
        .iter()
        .map(|it| &reply[it.span.start..it.span.end])
        .collect();
    assert_eq!(spans, ["Grüße!", "It costs $120 at ACME.", "Bye."]);
    let words = told[1].words.iter().map(|word| {
        let said = &reply[word.span.start..word.span.end];
        (said, word.start.as_millis(), word.end.as_millis())
    });
    let expected = [
        ("It", 0, 200),
        ("costs", 200, 400),
        ("$120", 400, 1_200),
        ("at", 1_200, 1_400),
        ("ACME.", 1_400, 1_800),
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_needs_nothing_is_spoken_to_itself() {
    let reply = "It costs $120.";
    let pieces = [piece(reply, reply)];
    let (given, told) = spoken(request("en", None, &[]), Reading::PLAIN, &pieces).await;
    assert_eq!(given, [reply]);
    assert_eq!(told[0].words.len(), 3);
}

#[test]
fn sound_that_comes_in_parts_stays_in_order() {
    let reply = "Call 503-555-0142 now.";
    let mut places = places::Places::default();
    let wording = Wording::of(&request("en", Some(true), &[]), Reading::PLAIN, false).unwrap();
    let given = places.give(&wording, &piece(reply, reply));
    let middle = given.text.find("five five").unwrap();
    let part = |start, end| SpeechAudio {
        samples: Vec::new(),
        rate: offhook_media::SampleRate::HZ_8000,
        span: TextSpan { start, end },
        words: vec![offhook_contract::WordTime {
            span: TextSpan { start, end },
            start: Duration::ZERO,
            end: Duration::ZERO,
        }],
    };
    let first = places.placed(part(0, middle));
    let second = places.placed(part(middle, given.text.len()));
    assert_eq!(
        &reply[first.span.start..first.span.end],
        "Call 503-555-0142"
    );
    assert!(first.span.end <= second.span.start, "{second:?}");
    assert_eq!(second.span.end, reply.len());
}
