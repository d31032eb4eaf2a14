//! One reply's speech: text in, audio out, piece by piece and in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    Pronunciation, ProviderError, SaidAs, SpeechAudio, SpeechEvent, SpokenText, TextSpan,
};
use offhook_media::SampleRate;
use tokio::sync::mpsc;

use super::network::{Alphabet, Network};
use super::phonemes::{Phonemiser, replace};
use super::pieces::{Piece, PieceAudio, pause_after, pieces};
use super::synthesis::Synthesiser;
use super::timbre::Timbre;
use super::workers::Workers;
use super::{PROVIDER, malformed};
use crate::normalise::spoken_form;

/// What one thread speaks with.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) network: Network,
    pub(super) synthesiser: Synthesiser,
}

/// What all threads read with.
#[derive(Debug)]
pub(super) struct Speaker {
    pub(super) alphabet: Alphabet,
    pub(super) phonemiser: Phonemiser,
}

/// How a reply is spoken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    pub(super) timbre: Timbre,
    pub(super) speed: f32,
}

/// Speaks what comes from `texts` into `events`, until the text is complete, synthesis fails, or
/// nobody listens. What was begun when the listener left is finished and thrown away; nothing
/// else begins.
pub(super) async fn speak(
    workers: Arc<Workers<Engine>>,
    speaker: Arc<Speaker>,
    settings: Settings,
    rules: Arc<[Pronunciation]>,
    mut texts: mpsc::Receiver<SpokenText>,
    events: mpsc::Sender<SpeechEvent>,
) {
    let mut last_mark = None;
    let mut has_spoken = false;
    loop {
        let text = tokio::select! {
            biased;
            () = events.closed() => return,
            text = texts.recv() => text,
        };
        let Some(text) = text else { return };
        let mut left = match read(&workers, &speaker, &rules, text, &events).await {
            Ok(Some(left)) => left,
            Ok(None) => return,
            Err(error) => return fail(&events, error).await,
        };
        while let Some((piece, span)) = left.pop_front() {
            let pause = if has_spoken {
                pause_after(last_mark)
            } else {
                Duration::ZERO
            };
            last_mark = piece.last_mark;
            has_spoken = true;
            let work = move |engine: &mut Engine| engine.say(&piece, settings, pause);
            let audio = match on_a_thread(&workers, work, &events).await {
                Ok(Some(Ok(audio))) => audio,
                Ok(None) => return,
                Ok(Some(Err(error))) | Err(error) => return fail(&events, error).await,
            };
            if events
                .send(SpeechEvent::Audio(placed(audio, span)))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// A piece and its place in the reply.
type Placed = (Piece, TextSpan);

impl Engine {
    fn say(
        &mut self,
        piece: &Piece,
        settings: Settings,
        pause: Duration,
    ) -> Result<PieceAudio, ProviderError> {
        let synthesiser = &mut self.synthesiser;
        self.network.run(&piece.numbers, settings.speed, |spectra| {
            let sound = synthesiser.render(spectra, settings.timbre);
            piece.finish(&sound, spectra.durations, pause)
        })
    }
}

impl Speaker {
    /// The pieces of a text. Words lie in the reply afterwards.
    fn pieces(&self, text: &SpokenText, rules: &[Pronunciation]) -> VecDeque<Placed> {
        let mut sounds = self.phonemiser.sounds(&spoken_form(&text.text));
        let phonemes = |rule: &&Pronunciation| matches!(rule.said, SaidAs::Phonemes { .. });
        replace(&mut sounds, &text.text, rules.iter().filter(phonemes));
        let pieces = pieces(&sounds, &self.alphabet);
        let count = pieces.len();
        let mut start = text.span.start;
        let place = |offset: usize| (text.span.start + offset).min(text.span.end);
        pieces
            .into_iter()
            .enumerate()
            .map(|(index, piece)| {
                let is_last = index + 1 == count;
                let end = if is_last {
                    text.span.end
                } else {
                    place(piece.source_end)
                };
                let span = TextSpan { start, end };
                start = end;
                (piece.moved(text.span), span)
            })
            .collect()
    }
}

async fn read(
    workers: &Workers<Engine>,
    speaker: &Arc<Speaker>,
    rules: &Arc<[Pronunciation]>,
    text: SpokenText,
    events: &mpsc::Sender<SpeechEvent>,
) -> Result<Option<VecDeque<Placed>>, ProviderError> {
    let speaker = Arc::clone(speaker);
    let rules = Arc::clone(rules);
    on_a_thread(workers, move |_| speaker.pieces(&text, &rules), events).await
}

/// Runs `work` on a voice thread; `None` where the listener left first.
async fn on_a_thread<T: Send + 'static>(
    workers: &Workers<Engine>,
    work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    events: &mpsc::Sender<SpeechEvent>,
) -> Result<Option<T>, ProviderError> {
    let answer = workers
        .submit(work)
        .map_err(|error| ProviderError::Unavailable {
            provider: PROVIDER.to_owned(),
            problem: error.to_string(),
        })?;
    tokio::select! {
        biased;
        () = events.closed() => Ok(None),
        answer = answer => match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(_) => Err(malformed(&"making speech panicked, see the log")),
        },
    }
}

async fn fail(events: &mpsc::Sender<SpeechEvent>, error: ProviderError) {
    // Where nobody listens, nobody has to be told.
    let _ = events.send(SpeechEvent::Failed(error)).await;
}

fn placed(audio: PieceAudio, span: TextSpan) -> SpeechAudio {
    SpeechAudio {
        samples: audio.samples,
        rate: SampleRate::HZ_24000,
        span,
        words: audio.words,
    }
}
