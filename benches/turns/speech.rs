//! The agent's speech: sentences spoken once by the embedded voice, played piece by piece as the
//! call asks for them, with the times of their words.

use std::time::Duration;

use offhook_contract::{SpeechAudio, SpokenText, TextSpan, WordTime};
use offhook_media::SampleRate;

use crate::lines::AGENT;
use crate::random::Random;
use crate::sound::{HZ, at_rate, bring_to, pcm};
use crate::voices::{Speaker, Spoken, Voices};

/// How loud the agent is, in dB of full scale.
const AGENT_DBFS: f32 = -22.0;
/// How long a word lasts where a text is none of the sentences.
const UNKNOWN_WORD: Duration = Duration::from_millis(300);

/// A spoken sentence at the rate of a leg.
#[derive(Debug, Clone)]
struct Sentence {
    text: &'static str,
    words: Vec<&'static str>,
    /// Where each word begins, and where the last one ends, in samples.
    edges: Vec<usize>,
    samples: Vec<i16>,
}

/// All that the agent can say.
#[derive(Debug)]
pub(crate) struct Library {
    rate: SampleRate,
    sentences: Vec<Sentence>,
}

/// A reply of some sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) length_ms: u64,
}

impl Library {
    /// Speaks every sentence.
    pub(crate) fn spoken(voices: &Voices, rate: SampleRate) -> anyhow::Result<Self> {
        let mut sentences = Vec::with_capacity(AGENT.len());
        for text in AGENT {
            sentences.push(Sentence::new(
                text,
                voices.say(text, Speaker::AGENT)?,
                rate,
            )?);
        }
        Ok(Self { rate, sentences })
    }

    pub(crate) const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Sentences of chance, until they last for `ms`.
    pub(crate) fn reply(&self, ms: u64, random: &mut Random) -> Reply {
        let mut reply = Reply::default();
        for index in random.order(self.sentences.len()) {
            if reply.length_ms >= ms {
                break;
            }
            let sentence = &self.sentences[index];
            if !reply.text.is_empty() {
                reply.text.push(' ');
            }
            reply.text.push_str(sentence.text);
            let samples = sentence.samples.len() as u64;
            reply.length_ms += samples * 1_000 / u64::from(self.rate.hz());
        }
        reply
    }

    /// The sound of a piece of a reply.
    pub(crate) fn speak(&self, piece: &SpokenText) -> SpeechAudio {
        let spans = word_spans(piece);
        let wanted: Vec<&str> = piece.text.split_whitespace().collect();
        for sentence in &self.sentences {
            let found = sentence.words.windows(wanted.len().max(1));
            if let Some(first) = found.into_iter().position(|words| words == wanted) {
                return sentence.part(first, piece.span, &spans, self.rate);
            }
        }
        self.unknown(piece.span, &spans)
    }

    /// Some speech for a text that is none of the sentences.
    fn unknown(&self, span: TextSpan, spans: &[TextSpan]) -> SpeechAudio {
        let length = UNKNOWN_WORD * spans.len() as u32;
        let wanted = self.rate.samples_in(length) as usize;
        let speech = self.sentences.iter().flat_map(|it| it.samples.iter());
        let words = spans.iter().zip(0..).map(|(span, index)| WordTime {
            span: *span,
            start: UNKNOWN_WORD * index,
            end: UNKNOWN_WORD * (index + 1),
        });
        SpeechAudio {
            samples: speech.copied().cycle().take(wanted).collect(),
            rate: self.rate,
            span,
            words: words.collect(),
        }
    }

    #[cfg(test)]
    pub(crate) fn humming(rate: SampleRate) -> Self {
        let hum = |text: &'static str| {
            let count = text.split_whitespace().count();
            let samples = (0..count * HZ / 4).map(|index| (index as f32 * 0.12).sin() * 0.1);
            let words = (0..count).map(|index| (index * HZ / 4, (index + 1) * HZ / 4));
            let spoken = Spoken {
                samples: samples.collect(),
                words: words.collect(),
            };
            Sentence::new(text, spoken, rate).unwrap()
        };
        Self {
            rate,
            sentences: AGENT.into_iter().map(hum).collect(),
        }
    }
}

impl Sentence {
    fn new(text: &'static str, mut spoken: Spoken, rate: SampleRate) -> anyhow::Result<Self> {
        bring_to(&mut spoken.samples, AGENT_DBFS);
        let words: Vec<&str> = text.split_whitespace().collect();
        let samples = pcm(&at_rate(&spoken.samples, rate)?);
        let scaled = |at: usize| (at * rate.hz() as usize / HZ).min(samples.len());
        let mut edges: Vec<usize> = if spoken.words.len() == words.len() {
            spoken
                .words
                .iter()
                .map(|(start, _)| scaled(*start))
                .collect()
        } else {
            let share = |index: usize| samples.len() * index / words.len().max(1);
            (0..words.len()).map(share).collect()
        };
        // Speech before the first word's time is the first word's.
        if let Some(first) = edges.first_mut() {
            *first = 0;
        }
        edges.push(samples.len());
        Ok(Self {
            text,
            words,
            edges,
            samples,
        })
    }

    /// The words from `first` on, as many as there are spans.
    fn part(
        &self,
        first: usize,
        span: TextSpan,
        spans: &[TextSpan],
        rate: SampleRate,
    ) -> SpeechAudio {
        let start = self.edges[first];
        let end = self.edges[first + spans.len()];
        let time = |index: usize| rate.duration_of((self.edges[first + index] - start) as u64);
        let words = spans.iter().enumerate().map(|(index, span)| WordTime {
            span: *span,
            start: time(index),
            end: time(index + 1),
        });
        SpeechAudio {
            samples: self.samples[start..end].to_vec(),
            rate,
            span,
            words: words.collect(),
        }
    }
}

/// Where each word of a piece lies in the reply.
fn word_spans(piece: &SpokenText) -> Vec<TextSpan> {
    let text = piece.text.as_str();
    let start = text.as_ptr() as usize;
    let place = |word: &str| {
        let at = word.as_ptr() as usize - start + piece.span.start;
        TextSpan {
            start: at,
            end: at + word.len(),
        }
    };
    text.split_whitespace().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, start: usize) -> SpokenText {
        SpokenText {
            text: text.to_owned(),
            span: TextSpan {
                start,
                end: start + text.len(),
            },
        }
    }

    #[test]
    fn a_piece_is_played_from_its_place_in_its_sentence() {
        let library = Library::humming(SampleRate::HZ_8000);
        let audio = library.speak(&piece("help you with", 12));
        assert_eq!(audio.samples.len(), 6_000);
        assert_eq!(audio.words.len(), 3);
        assert_eq!(
            (audio.words[1].span.start, audio.words[1].span.end),
            (17, 20)
        );
        assert_eq!(audio.words[2].start, Duration::from_millis(500));
    }

    #[test]
    fn a_text_that_was_never_spoken_is_still_heard() {
        let library = Library::humming(SampleRate::HZ_16000);
        let audio = library.speak(&piece("Sorry, once more?", 0));
        assert_eq!(audio.samples.len(), 14_400);
        assert_eq!(audio.words.len(), 3);
    }

    #[test]
    fn a_reply_is_as_long_as_wanted_and_pieces_make_up_its_length() {
        let library = Library::humming(SampleRate::HZ_16000);
        let reply = library.reply(6_000, &mut Random::new(3));
        assert!((6_000..10_000).contains(&reply.length_ms));
        let sentences = reply.text.split_inclusive(['.']);
        let samples: usize = sentences
            .map(|text| library.speak(&piece(text.trim(), 0)).samples.len())
            .sum();
        assert_eq!(samples as u64 / 16, reply.length_ms);
    }
}
