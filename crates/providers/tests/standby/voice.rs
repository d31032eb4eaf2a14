//! Voices that fail before their first sound, in the middle of a sentence, or not at all.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    Diction, ProviderError, SpeechEvent, SpeechRequest, SpeechStream, SpokenText, TextSpan,
    TextToSpeech as _, VoiceManner,
};
use offhook_providers::standby::{StandbyLimits, StandbyVoice, VoiceMember};
use tokio::time::{Instant, sleep};

use super::speaker::{End, RATE, Speaker, WORD_MS, heard};
use super::{down, wrong_key};

const PIECES: [&str; 2] = [
    "We will open tomorrow morning at eight.",
    "Please bring your insurance card along.",
];

fn whole() -> String {
    PIECES.join(" ")
}

fn standby(voices: &[&Speaker]) -> StandbyVoice {
    let member = |voice: &&Speaker| VoiceMember {
        voice: Arc::new((*voice).clone()),
        stand_in: Some("stand-in".into()),
    };
    StandbyVoice::new(
        voices.iter().map(member).collect(),
        StandbyLimits::default(),
    )
}

#[derive(Debug)]
struct Spoken {
    /// Who said which word, and for how many milliseconds.
    words: Vec<(i16, String, usize)>,
    first_after: Duration,
    /// The longest time in which nothing was left to be heard.
    silence: Duration,
    problem: Option<ProviderError>,
    after: Duration,
}

impl Spoken {
    /// The words in order; a part of one that is said again is left out.
    fn text(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        for (index, (_, word, length)) in self.words.iter().enumerate() {
            let is_again = self
                .words
                .get(index + 1)
                .is_some_and(|next| next.1 == *word);
            assert!(*length >= WORD_MS || is_again, "{:?}", self.words);
            if !is_again {
                words.push(word);
            }
        }
        words.join(" ")
    }

    fn speakers(&self) -> Vec<i16> {
        let mut speakers: Vec<i16> = self.words.iter().map(|it| it.0).collect();
        speakers.dedup();
        speakers
    }
}

async fn say(voice: &StandbyVoice) -> Spoken {
    let request = SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: Some("voice-1".into()),
        language: "en".into(),
        speed: 1.2,
    };
    let start = Instant::now();
    let SpeechStream { text, mut events } = voice.open(request).await.unwrap();
    tokio::spawn(async move {
        let mut start = 0;
        for piece in PIECES {
            let span = TextSpan {
                start,
                end: start + piece.len(),
            };
            start = span.end + 1;
            let text_of = piece.to_owned();
            let _ = text
                .send(SpokenText {
                    text: text_of,
                    span,
                })
                .await;
        }
    });
    let mut samples = Vec::new();
    let mut spoken = Spoken {
        words: Vec::new(),
        first_after: Duration::ZERO,
        silence: Duration::ZERO,
        problem: None,
        after: Duration::ZERO,
    };
    let mut heard_until: Option<Instant> = None;
    while let Some(event) = events.recv().await {
        assert!(spoken.problem.is_none());
        match event {
            SpeechEvent::Failed(problem) => spoken.problem = Some(problem),
            SpeechEvent::Audio(audio) => {
                // A call takes no sound for text that lies before the end of what it had.
                let part = whole()[audio.span.start..audio.span.end].to_owned();
                assert!(PIECES.contains(&part.as_str()), "{part}");
                let now = Instant::now();
                match heard_until {
                    None => spoken.first_after = start.elapsed(),
                    Some(until) => {
                        let silence = now.saturating_duration_since(until);
                        spoken.silence = spoken.silence.max(silence);
                    }
                }
                let length = RATE.duration_of(audio.samples.len() as u64);
                heard_until = Some(heard_until.map_or(now, |it| it.max(now)) + length);
                samples.extend(audio.samples);
            }
        }
    }
    spoken.after = start.elapsed();
    spoken.words = heard(&samples, &whole());
    spoken
}

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn well(number: i16) -> Speaker {
    Speaker::new(number, true, &[End::Well])
}

#[tokio::test(start_paused = true)]
async fn the_first_speaks_alone_where_nothing_is_wrong() {
    let (first, second) = (well(1), well(2));
    let spoken = say(&standby(&[&first, &second])).await;
    assert_eq!((spoken.text(), spoken.speakers()), (whole(), vec![1]));
    assert_eq!(spoken.problem, None);
    assert_eq!(spoken.first_after, ms(90));
    assert_eq!(second.asked().len(), 0);
    assert_eq!(first.asked()[0].voice.as_deref(), Some("voice-1"));
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_before_it_is_heard_is_replaced_with_all_of_the_text() {
    let ends = [
        End::Fail(0, down()),
        End::Fail(0, wrong_key()),
        End::Close(0),
        End::Stall(0),
        End::Silence(0),
        End::Skip(0),
    ];
    for end in ends {
        let (first, second) = (Speaker::new(1, false, std::slice::from_ref(&end)), well(2));
        let spoken = say(&standby(&[&first, &second])).await;
        assert_eq!(
            (spoken.text(), spoken.speakers()),
            (whole(), vec![2]),
            "{end:?}"
        );
        assert!(
            spoken.first_after <= ms(2_200),
            "{end:?} {:?}",
            spoken.first_after
        );
        let asked = &second.asked()[0];
        assert_eq!(
            (asked.voice.as_deref(), asked.speed),
            (Some("stand-in"), 1.0)
        );
    }
    let (first, second) = (Speaker::closed(1, wrong_key()), well(2));
    let spoken = say(&standby(&[&first, &second])).await;
    assert_eq!((spoken.text(), spoken.first_after), (whole(), ms(90)));
}

/// F8: it breaks, closes, stands still or falls silent at five places of the reply, by times of
/// words.
#[tokio::test(start_paused = true)]
async fn the_next_goes_on_with_the_word_that_was_cut() {
    for cut in [100, 450, 800, 1_300, 2_050] {
        let ends = [
            End::Fail(cut, down()),
            End::Close(cut),
            End::Stall(cut),
            End::Skip(cut),
        ];
        for end in ends {
            let (first, second) = (Speaker::new(1, true, std::slice::from_ref(&end)), well(2));
            let spoken = say(&standby(&[&first, &second])).await;
            assert_eq!(spoken.text(), whole(), "{end:?}");
            assert_eq!(spoken.speakers(), [1, 2], "{end:?}");
            assert!(spoken.silence <= ms(1_500), "{end:?} {:?}", spoken.silence);
            assert_eq!(spoken.problem, None);
        }
    }
}

/// The same where the voice tells no times: no word is lost, and no more than two are said twice.
#[tokio::test(start_paused = true)]
async fn without_times_of_words_none_is_lost() {
    for cut in [150, 450, 800, 1_300, 2_050] {
        for end in [End::Fail(cut, down()), End::Close(cut), End::Stall(cut)] {
            let first = Speaker::new(1, false, &[End::Well, End::Well, End::Well, end.clone()]);
            let second = well(2);
            let voice = standby(&[&first, &second]);
            // It is known by then how quickly it speaks.
            for _ in 0..3 {
                assert_eq!(say(&voice).await.text(), whole());
            }
            let spoken = say(&voice).await;
            let order: Vec<usize> = spoken
                .words
                .iter()
                .map(|(_, word, _)| whole().split(' ').position(|it| it == word).unwrap())
                .collect();
            let last_of_first = spoken.words.iter().rposition(|it| it.0 == 1).unwrap();
            let (before, after) = order.split_at(last_of_first + 1);
            let is_cut = spoken.words[last_of_first].2 < WORD_MS;
            let said = before.len() - usize::from(is_cut);
            assert!(
                after[0] <= said && after[0] + 2 >= said,
                "{end:?} {:?}",
                spoken.words
            );
            assert_eq!(after, (after[0]..13).collect::<Vec<_>>(), "{end:?}");
            assert!(spoken.silence <= ms(1_500), "{end:?} {:?}", spoken.silence);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_alone_goes_on_itself_and_one_that_stays_down_says_so() {
    let again = Speaker::new(1, true, &[End::Fail(450, down()), End::Well]);
    let spoken = say(&standby(&[&again])).await;
    assert_eq!((spoken.text(), spoken.problem), (whole(), None));
    assert!(spoken.silence <= ms(500));
    let dead = Speaker::new(1, true, &[End::Fail(0, wrong_key())]);
    let spoken = say(&standby(&[&dead])).await;
    assert_eq!(spoken.problem, Some(wrong_key()));
    assert!(spoken.words.is_empty() && spoken.after <= ms(200));
    let spoken = say(&standby(&[])).await;
    assert!(matches!(
        spoken.problem,
        Some(ProviderError::Unavailable { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_is_passed_over_and_tried_where_nobody_hears_it() {
    let first = Speaker::new(
        1,
        true,
        &[
            End::Fail(0, down()),
            End::Fail(0, down()),
            End::Fail(0, down()),
            End::Well,
        ],
    );
    let second = well(2);
    let voice = standby(&[&first, &second]);
    for _ in 0..5 {
        assert_eq!(say(&voice).await.speakers(), [2]);
    }
    assert_eq!(first.asked().len(), 3);
    sleep(ms(5_000)).await;
    assert_eq!(say(&voice).await.speakers(), [2]);
    assert_eq!(first.texts().last().map(String::as_str), Some("Hello."));
    assert_eq!(say(&voice).await.speakers(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_writes_slowly_is_no_fault_of_the_voice() {
    let first = well(1);
    let request = SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: None,
        language: "en".into(),
        speed: 1.0,
    };
    let SpeechStream { text, mut events } = standby(&[&first]).open(request).await.unwrap();
    let mut start = 0;
    for piece in PIECES {
        sleep(ms(20_000)).await;
        let span = TextSpan {
            start,
            end: start + piece.len(),
        };
        start = span.end + 1;
        let text_of = piece.to_owned();
        text.send(SpokenText {
            text: text_of,
            span,
        })
        .await
        .unwrap();
    }
    drop(text);
    let mut samples = Vec::new();
    while let Some(event) = events.recv().await {
        // A call that hears slowly is none either.
        sleep(ms(100)).await;
        match event {
            SpeechEvent::Audio(audio) => samples.extend(audio.samples),
            SpeechEvent::Failed(problem) => panic!("{problem}"),
        }
    }
    assert_eq!(heard(&samples, &whole()).len(), 13);
    assert_eq!(first.asked().len(), 1);
}
