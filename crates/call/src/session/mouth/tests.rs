//! A mouth and the ear that it speaks into: what is heard, sample by sample, on a clock of our own.

use std::collections::VecDeque;

use offhook_contract::{TextSpan, WordTime};
use offhook_media::FRAME_DURATION;

use super::*;

mod surroundings;

pub(super) const RATE: SampleRate = SampleRate::HZ_8000;

const STEP: Duration = Duration::from_millis(5);

/// A mouth, the far end of its leg, and all that was heard there.
pub(super) struct Rig {
    pub(super) mouth: Mouth,
    pub(super) now: Instant,
    pub(super) heard: Vec<i16>,
    pub(super) news: Vec<MouthNews>,
    pub(super) turns: Vec<TurnId>,
    waiting: VecDeque<i16>,
    generation: u32,
    audio: mpsc::Receiver<OutboundFrame>,
    control: mpsc::Receiver<LegControl>,
}

impl Rig {
    pub(super) fn new(lead_ms: u64) -> Self {
        Self::with(lead_ms, plain(1.0))
    }

    pub(super) fn with(lead_ms: u64, manner: Manner) -> Self {
        let (audio_out, audio) = mpsc::channel(64);
        let (control_sender, control) = mpsc::channel(64);
        let leg = LegDescription {
            transport: "rig".into(),
            rate: RATE,
            lead: Duration::from_millis(lead_ms),
        };
        Self {
            mouth: Mouth::new(&leg, audio_out, control_sender, manner),
            now: Instant::START,
            heard: Vec::new(),
            news: Vec::new(),
            turns: Vec::new(),
            waiting: VecDeque::new(),
            generation: 0,
            audio,
            control,
        }
    }

    /// Lets `millis` pass; what is sent is played as it comes, silence where nothing is there.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            while let Some(news) = self.mouth.next_news(self.now) {
                self.news.push(news);
            }
            self.take_in();
            for _ in 0..RATE.samples_in(STEP) {
                self.heard.push(self.waiting.pop_front().unwrap_or(0));
            }
            self.now = self.now + STEP;
        }
    }

    /// The wire: orders overtake audio.
    pub(super) fn take_in(&mut self) {
        while let Ok(order) = self.control.try_recv() {
            if let LegControl::Clear { generation } = order {
                self.generation = generation;
                self.waiting.clear();
            }
        }
        while let Ok(sent) = self.audio.try_recv() {
            if sent.generation >= self.generation {
                self.turns.push(sent.turn);
                self.waiting.extend(sent.frame.samples());
            }
        }
    }

    pub(super) fn speak(&mut self, turn: u32, text: &str, word_ms: u64, level: i16) {
        self.mouth.begin(TurnId(turn), self.now);
        self.mouth.push(&speech(text, word_ms, level), text);
        self.mouth.finish();
    }

    /// What was heard between two moments.
    pub(super) fn between(&self, from_ms: u64, to_ms: u64) -> &[i16] {
        let at = |ms| RATE.samples_in(Duration::from_millis(ms)) as usize;
        &self.heard[at(from_ms)..at(to_ms).min(self.heard.len())]
    }
}

/// The voice alone.
pub(super) fn plain(stretch: f32) -> Manner {
    Manner {
        volume: 1.0,
        stretch,
        bed: None,
        tool_sound: None,
    }
}

/// A voice that holds `level` for each word.
pub(super) fn speech(text: &str, word_ms: u64, level: i16) -> SpeechAudio {
    let word = Duration::from_millis(word_ms);
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split_inclusive(' ') {
        let start = word * words.len() as u32;
        words.push(WordTime {
            span: TextSpan {
                start: at,
                end: at + part.trim_end().len(),
            },
            start,
            end: start + word,
        });
        at += part.len();
    }
    SpeechAudio {
        samples: vec![level; RATE.samples_in(word * words.len() as u32) as usize],
        rate: RATE,
        span: TextSpan {
            start: 0,
            end: text.len(),
        },
        words,
    }
}

fn count(samples: &[i16], level: i16) -> usize {
    samples.iter().filter(|sample| **sample == level).count()
}

#[test]
fn an_aside_alone_is_heard_whole_and_is_no_reply() {
    let mut rig = Rig::new(200);
    rig.mouth.say_aside(&[1_000; 3_200], RATE);
    rig.pass(1_000);
    assert_eq!(count(&rig.heard, 1_000), 3_200 - 80);
    assert!(rig.news.is_empty());
    assert!(rig.turns.iter().all(|turn| *turn == TurnId::default()));
    assert_eq!(rig.mouth.deadline(), None);
    assert_eq!(rig.mouth.underruns(), 0);
}

#[test]
fn an_aside_is_brought_to_the_rate_of_the_leg() {
    let mut rig = Rig::new(60);
    rig.mouth.say_aside(&[1_000; 24_000], SampleRate::HZ_24000);
    rig.pass(2_000);
    let sounding = rig.heard.iter().filter(|sample| **sample > 900).count();
    assert!((7_900..=8_000).contains(&sounding), "{sounding}");
}

#[test]
fn an_aside_beside_a_reply_changes_neither_its_ledger_nor_its_end() {
    let mut alone = Rig::new(60);
    let mut beside = Rig::new(60);
    for rig in [&mut alone, &mut beside] {
        rig.speak(1, "one two three four five", 200, 5_000);
    }
    beside.mouth.say_aside(&[700; 1_600], RATE);
    alone.pass(2_000);
    beside.pass(2_000);
    assert_eq!(alone.news, beside.news);
    assert_eq!(beside.news.last(), Some(&MouthNews::Finished));
    assert_eq!(count(&beside.heard, 5_700), 1_600 - 80);
}

#[test]
fn a_reply_that_begins_beside_an_aside_is_heard_soon() {
    let mut rig = Rig::new(200);
    rig.mouth.say_aside(&[700; 8_000], RATE);
    rig.pass(300);
    rig.speak(1, "one two", 200, 5_000);
    rig.pass(700);
    let first = rig.heard.iter().position(|sample| *sample > 4_000);
    let delay = first.map(|at| RATE.duration_of(at as u64));
    assert!(
        delay <= Some(Duration::from_millis(360)) && delay.is_some(),
        "{delay:?}"
    );
    let first_sent = rig.news.first();
    assert!(
        matches!(first_sent, Some(MouthNews::Sent { begins: Some(Sound::Speech), lateness: Some(late) }) if late.is_zero()),
        "{first_sent:?}"
    );
    assert_eq!(rig.mouth.underruns(), 0);
}

#[test]
fn a_hold_does_not_cut_an_aside_and_only_the_reply_resumes() {
    let mut rig = Rig::new(200);
    rig.speak(1, "one two three four five six", 200, 5_000);
    rig.pass(300);
    rig.mouth.say_aside(&[700; 4_000], RATE);
    rig.pass(405);
    rig.mouth.hold(rig.now);
    rig.pass(600);
    // 705 ms: the ear was in word four, at 600 ms; nothing of the aside is missing or doubled.
    let aside = count(&rig.heard, 5_700) + count(&rig.heard, 700);
    assert!((3_700..=4_000).contains(&aside), "{aside}");
    assert_eq!(count(rig.between(760, 1_300), 5_000), 0);
    rig.mouth.resume(rig.now);
    rig.pass(1_000);
    let sounding = rig.heard.iter().filter(|sample| **sample >= 5_000).count() as u64;
    let spoken = RATE.duration_of(sounding);
    // 1,200 ms of words, of which 105 ms are heard twice, less the fades.
    assert!(
        (Duration::from_millis(1_285)..=Duration::from_millis(1_310)).contains(&spoken),
        "{spoken:?}"
    );
    assert_eq!(rig.news.last(), Some(&MouthNews::Finished));
    assert_eq!(rig.mouth.underruns(), 0);
}

#[test]
fn a_cut_reply_knows_what_was_heard_while_an_aside_goes_on() {
    let mut rig = Rig::new(200);
    let text = "one two three four five six";
    rig.speak(1, text, 200, 5_000);
    rig.mouth.say_aside(&[700; 16_000], RATE);
    rig.pass(775);
    let heard = rig.mouth.cancel(text, rig.now);
    assert_eq!(heard, HeardText::Known("one two three four".into()));
    rig.pass(1_500);
    assert_eq!(count(rig.between(800, 1_900), 700), 8_800);
}

#[test]
fn the_far_end_gives_back_what_the_ear_hears_when_it_hears_it() {
    let mut rig = Rig::new(200);
    let mut reference = Vec::new();
    let mut ramp = speech("one two three four", 200, 0);
    for (index, sample) in ramp.samples.iter_mut().enumerate() {
        *sample = index as i16;
    }
    for tick in 0..60_u64 {
        if tick == 5 {
            rig.mouth.begin(TurnId(1), rig.now);
            rig.mouth.push(&ramp, "one two three four");
            rig.mouth.finish();
        }
        if tick == 25 {
            rig.mouth.hold(rig.now);
        }
        rig.pass(20);
        reference.extend_from_slice(rig.mouth.far_end(rig.now).samples());
    }
    let delay = RATE.samples_in(FRAME_DURATION) as usize;
    let lag = |lag: usize| reference[lag..] == rig.heard[..reference.len() - lag];
    assert!((0..=2 * delay).any(lag), "no constant lag fits");
}

/// Something like a voice: each word a burst of a 150 Hz pulse train, with a pause behind it.
fn words(text: &str, rate: SampleRate) -> SpeechAudio {
    let mut audio = speech(text, 300, 0);
    let count = rate.samples_in(Duration::from_millis(300)) as usize;
    audio.rate = rate;
    audio.samples = (0..count * audio.words.len())
        .map(|index| {
            let is_voiced = index % count < count * 4 / 5;
            let phase = (index as f32 * 150.0 / rate.hz() as f32).fract();
            let pulse = (-phase * 8.0).exp() - 0.12;
            if is_voiced {
                (pulse * 9_000.0) as i16
            } else {
                0
            }
        })
        .collect();
    audio
}

/// Words are found in what was heard by their loudness.
fn words_in(samples: &[i16]) -> usize {
    let window = RATE.samples_in(Duration::from_millis(10)) as usize;
    let loud: Vec<bool> = samples
        .chunks(window)
        .map(|chunk| chunk.iter().any(|sample| sample.unsigned_abs() > 1_000))
        .collect();
    let begins = loud.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    begins + usize::from(loud.first() == Some(&true))
}

#[test]
fn what_was_heard_of_a_stretched_reply_is_right_within_a_word() {
    let text = "one two three four five six seven eight nine ten eleven twelve";
    for stretch in [0.5, 0.8, 1.0, 1.3, 2.0] {
        for rate in [RATE, SampleRate::HZ_24000] {
            for cut_ms in [250, 600, 905, 1_310, 1_655] {
                let mut rig = Rig::with(200, plain(stretch));
                let audio = words(text, rate);
                rig.mouth.begin(TurnId(1), rig.now);
                // The piece comes in parts, as from a voice that streams.
                let (early, late) = halves(&audio, rate);
                rig.mouth.push(&early, text);
                rig.mouth.push(&late, text);
                rig.mouth.finish();
                rig.pass(cut_ms);
                let heard = rig.mouth.cancel(text, rig.now);
                let HeardText::Known(heard) = heard else {
                    panic!("it is known")
                };
                let told = heard.split_whitespace().count();
                let there = words_in(&rig.heard);
                assert!(
                    there.abs_diff(told) <= 1,
                    "{stretch} from {rate} cut at {cut_ms} ms: {there} words were there, told: {heard}"
                );
                let expected = cut_ms as f32 * stretch / 300.0;
                assert!(
                    (told as f32 - expected).abs() <= 1.0,
                    "{told} of {expected}"
                );
            }
        }
    }
}

/// The same audio in two parts.
fn halves(audio: &SpeechAudio, rate: SampleRate) -> (SpeechAudio, SpeechAudio) {
    let middle = audio.words.len() / 2;
    let cut = audio.words[middle].start + Duration::from_millis(100);
    let (early, late) = audio.samples.split_at(rate.samples_in(cut) as usize);
    let mut later = audio.words[middle + 1..].to_vec();
    for word in &mut later {
        word.start -= cut;
        word.end -= cut;
    }
    let part = |samples: &[i16], words: Vec<WordTime>| SpeechAudio {
        samples: samples.to_vec(),
        words,
        ..audio.clone()
    };
    (
        part(early, audio.words[..=middle].to_vec()),
        part(late, later),
    )
}

#[test]
fn a_stretched_reply_lasts_as_long_as_the_speed_says() {
    let text = "one two three four";
    for stretch in [0.5, 1.0, 2.0] {
        let mut rig = Rig::with(60, plain(stretch));
        rig.mouth.begin(TurnId(1), rig.now);
        rig.mouth.push(&words(text, SampleRate::HZ_16000), text);
        rig.mouth.finish();
        rig.pass(4_000);
        let frames = rig
            .news
            .iter()
            .filter(|news| matches!(news, MouthNews::Sent { .. }))
            .count();
        let expected = (1_200.0 / stretch / 20.0).ceil() as usize;
        assert_eq!(frames, expected);
        assert_eq!(rig.news.last(), Some(&MouthNews::Finished));
        assert_eq!(words_in(&rig.heard), 4);
    }
}

#[test]
fn a_reply_that_is_held_back_is_not_heard_before_it_is_let_go() {
    let mut rig = Rig::new(200);
    rig.mouth.begin(TurnId(1), rig.now);
    assert_eq!(rig.mouth.hold(rig.now), None, "nothing of it was sent");
    let text = "One two";
    rig.mouth.push(&speech(text, 200, 5_000), text);
    rig.mouth.finish();
    rig.pass(300);
    assert!(rig.heard.iter().all(|sample| *sample == 0));
    rig.mouth.resume(rig.now);
    rig.pass(700);
    assert_eq!(rig.between(340, 640).iter().max(), Some(&5_000));
    assert!(rig.news.contains(&MouthNews::Finished));

    // One that is dropped instead leaves the next reply free.
    rig.mouth.begin(TurnId(2), rig.now);
    rig.mouth.hold(rig.now);
    assert_eq!(
        rig.mouth.cancel("", rig.now),
        HeardText::Known(String::new())
    );
    rig.speak(3, text, 200, 5_000);
    rig.pass(200);
    assert!(rig.turns.contains(&TurnId(3)));
}

#[test]
fn a_filler_is_heard_whole_before_the_reply_and_each_is_told_once() {
    let mut rig = Rig::new(60);
    let text = "One moment. Yes.";
    rig.mouth.begin(TurnId(1), rig.now);
    assert!(rig.mouth.may_bridge());
    let filler = SpeechAudio {
        span: TextSpan { start: 0, end: 11 },
        ..speech("One moment.", 105, 1_000)
    };
    rig.mouth.push_filler(&[filler], text);
    rig.pass(100);
    assert!(!rig.mouth.may_bridge());
    let mut own = speech("Yes.", 200, 2_000);
    own.span = TextSpan { start: 12, end: 16 };
    own.words[0].span = own.span;
    rig.mouth.push(&own, text);
    rig.mouth.finish();
    rig.pass(600);
    // 210 ms of filler, filled up to whole frames.
    assert_eq!(count(rig.between(0, 220), 1_000), 1_680);
    assert_eq!(count(rig.between(220, 420), 2_000), 1_600);
    assert_eq!(
        begins(&rig),
        [Sound::Filler, Sound::Speech],
        "{:?}",
        rig.news
    );
    assert_eq!(rig.news.last(), Some(&MouthNews::Finished));
}

#[test]
fn silence_after_a_filler_is_told_and_is_no_underrun() {
    let mut rig = Rig::new(60);
    let text = "Hm. Yes.";
    rig.mouth.begin(TurnId(1), rig.now);
    rig.mouth.push_filler(&[speech("Hm.", 200, 1_000)], text);
    rig.pass(1_000);
    assert_eq!(rig.news.last(), Some(&MouthNews::RanDry));
    assert!(rig.mouth.may_bridge());
    assert_eq!(rig.mouth.deadline(), None);
    let mut own = speech("Yes.", 200, 2_000);
    own.span = TextSpan { start: 4, end: 8 };
    own.words[0].span = own.span;
    rig.mouth.push(&own, text);
    rig.mouth.finish();
    rig.pass(400);
    assert_eq!(begins(&rig), [Sound::Filler, Sound::Speech]);
    assert_eq!(rig.mouth.underruns(), 0);
}

#[test]
fn a_reply_that_runs_dry_says_so_once_and_goes_on() {
    let mut rig = Rig::new(60);
    let text = "One two. Three.";
    rig.mouth.begin(TurnId(1), rig.now);
    let mut first = speech("One two.", 200, 1_000);
    first.span.end = 8;
    rig.mouth.push(&first, text);
    rig.pass(900);
    let dry = |news: &[MouthNews]| news.iter().filter(|one| **one == MouthNews::RanDry).count();
    assert_eq!(dry(&rig.news), 1);
    let mut rest = speech("Three.", 200, 1_000);
    rest.span = TextSpan { start: 9, end: 15 };
    rest.words[0].span = rest.span;
    rig.mouth.push(&rest, text);
    rig.mouth.finish();
    rig.pass(400);
    assert_eq!(begins(&rig), [Sound::Speech, Sound::Speech]);
    assert_eq!((dry(&rig.news), rig.mouth.underruns()), (1, 1));
}

fn begins(rig: &Rig) -> Vec<Sound> {
    rig.news
        .iter()
        .filter_map(|news| match news {
            MouthNews::Sent { begins, .. } => *begins,
            _ => None,
        })
        .collect()
}

#[test]
fn a_leg_that_takes_no_more_is_tried_again_later_and_not_at_once() {
    let mut rig = Rig::new(3_000);
    rig.speak(1, "one two three four five six seven", 400, 5_000);
    let mut full = 0;
    for _ in 0..20 {
        while rig.mouth.next_news(rig.now).is_some() {}
        if rig.mouth.audio_out.capacity() == 0 {
            full += 1;
            assert!(rig.mouth.deadline() > Some(rig.now));
        }
        rig.now = rig.now + Duration::from_millis(20);
    }
    assert!(full > 10, "{full}");
}
