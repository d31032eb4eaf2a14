//! Text to speech.

use offhook_call::Providers;
use offhook_contract::{
    ProviderError, SpeechEvent, SpeechRequest, SpeechStream, SpokenText, TextSpan,
};
use offhook_media::{SampleRate, Stretcher};
use tokio::sync::mpsc;

use super::sentences::sentences;

/// Stretches of audio that may wait for whoever asked.
const AUDIO_QUEUE: usize = 8;

/// Speech as it is made.
#[derive(Debug)]
pub(crate) struct SpokenAudio {
    /// Samples a second.
    pub(crate) rate: SampleRate,
    /// Mono PCM in order; it closes after the last, or after a failure. Dropping it ends the speech.
    pub(crate) stretches: mpsc::Receiver<Result<Vec<i16>, ProviderError>>,
}

/// Begins to speak `text` as `request` says, with any speed from 0.5 to 2.
pub(crate) async fn speak(
    providers: &Providers,
    request: SpeechRequest,
    text: String,
) -> Result<SpokenAudio, ProviderError> {
    let voice = &providers.voice;
    let range = voice.speed_range();
    let native = request.speed.clamp(*range.start(), *range.end());
    let rate = voice.capabilities().rate;
    // What the voice cannot do by itself.
    let stretcher = Stretcher::new(rate, request.speed / native);
    let stream = voice.open(SpeechRequest {
        speed: native,
        ..request
    });
    let SpeechStream {
        text: pieces,
        events,
    } = stream.await?;
    tokio::spawn(say(text, pieces));
    let (sender, stretches) = mpsc::channel(AUDIO_QUEUE);
    tokio::spawn(pass_on(events, stretcher, rate, sender));
    Ok(SpokenAudio { rate, stretches })
}

async fn say(text: String, pieces: mpsc::Sender<SpokenText>) {
    for sentence in sentences(&text) {
        let start = sentence.as_ptr() as usize - text.as_ptr() as usize;
        let piece = SpokenText {
            text: sentence.to_owned(),
            span: TextSpan {
                start,
                end: start + sentence.len(),
            },
        };
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}

async fn pass_on(
    mut events: mpsc::Receiver<SpeechEvent>,
    mut stretcher: Stretcher,
    rate: SampleRate,
    sender: mpsc::Sender<Result<Vec<i16>, ProviderError>>,
) {
    while let Some(event) = events.recv().await {
        let stretch = match event {
            SpeechEvent::Audio(audio) if audio.rate != rate => Err(ProviderError::Malformed {
                provider: "the voice".into(),
                problem: format!("audio at {} where {rate} was said", audio.rate),
            }),
            SpeechEvent::Audio(audio) => {
                let mut out = Vec::new();
                stretcher.process(&audio.samples, &mut out);
                Ok(out)
            }
            SpeechEvent::Failed(problem) => Err(problem),
        };
        let is_over = stretch.is_err();
        if sender.send(stretch).await.is_err() || is_over {
            return;
        }
    }
    let mut rest = Vec::new();
    stretcher.flush(&mut rest);
    // Whoever asked may be gone.
    let _ = sender.send(Ok(rest)).await;
}
