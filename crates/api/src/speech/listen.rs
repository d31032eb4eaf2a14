//! Speech to text, of recordings.

use offhook_call::Providers;
use offhook_contract::{ProviderError, SttEvent, SttInput, SttRequest};
use offhook_media::{Framer, SampleRate};
use offhook_turn_taking::UtteranceId;

/// The rate at which recordings are heard.
pub(crate) const RECORDING_RATE: SampleRate = SampleRate::HZ_16000;

/// A stretch is cut where it is quietest between these, in seconds: recognition keeps up with
/// stretches of this length however fast they come.
const STRETCH_MIN_S: usize = 12;
const STRETCH_MAX_S: usize = 20;

/// What was said in a stretch of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeardStretch {
    /// Where it begins, in seconds.
    pub(crate) start_s: f64,
    /// Where it ends, in seconds.
    pub(crate) end_s: f64,
    /// The words; empty where there were none.
    pub(crate) text: String,
}

/// What is said in `samples`, which are at [`RECORDING_RATE`].
pub(crate) async fn listen(
    providers: &Providers,
    language: &str,
    samples: &[i16],
) -> Result<Vec<HeardStretch>, ProviderError> {
    let request = SttRequest {
        keywords: Vec::new(),
        rate: RECORDING_RATE,
        language: language.to_owned(),
    };
    let mut stream = providers.recognition.open(request).await?;
    let mut heard = Vec::new();
    let mut start = 0;
    while start < samples.len() {
        let end = start + cut(&samples[start..]);
        let utterance = UtteranceId(heard.len() as u32 + 1);
        let mut inputs = vec![SttInput::UtteranceStarted {
            utterance,
            onset_ago_ms: 0,
        }];
        let mut framer = Framer::new(RECORDING_RATE);
        framer.push(&samples[start..end]);
        while let Some(frame) = framer.next_frame() {
            inputs.push(SttInput::Audio(frame));
        }
        inputs.extend(framer.flush().map(SttInput::Audio));
        inputs.push(SttInput::Finalise {
            utterance,
            silence_ms: 0,
        });
        let (sender, events) = (&stream.input, &mut stream.events);
        let send = async {
            for input in inputs {
                if sender.send(input).await.is_err() {
                    return;
                }
            }
        };
        // Both at once: each side waits where the other one does not take.
        let ((), text) = tokio::join!(send, settled(events, utterance));
        let seconds = |at: usize| at as f64 / f64::from(RECORDING_RATE.hz());
        heard.push(HeardStretch {
            start_s: seconds(start),
            end_s: seconds(end),
            text: text?,
        });
        start = end;
    }
    Ok(heard)
}

async fn settled(
    events: &mut tokio::sync::mpsc::Receiver<SttEvent>,
    wanted: UtteranceId,
) -> Result<String, ProviderError> {
    while let Some(event) = events.recv().await {
        match event {
            SttEvent::Final { utterance, text } if utterance == wanted => {
                return Ok(text.trim().to_owned());
            }
            SttEvent::Failed(problem) => return Err(problem),
            SttEvent::Final { .. } | SttEvent::Interim { .. } | SttEvent::Settled { .. } => {}
        }
    }
    Err(ProviderError::Unavailable {
        provider: "speech recognition".into(),
        problem: "it ended before the recording did".into(),
    })
}

/// How many samples the stretch has that begins here.
fn cut(samples: &[i16]) -> usize {
    let second = RECORDING_RATE.hz() as usize;
    if samples.len() <= STRETCH_MAX_S * second {
        return samples.len();
    }
    let step = RECORDING_RATE.frame_samples();
    let (first, last) = (STRETCH_MIN_S * second / step, STRETCH_MAX_S * second / step);
    let energy = |frame: usize| -> u64 {
        let frame = &samples[frame * step..(frame + 1) * step];
        frame.iter().map(|it| u64::from(it.unsigned_abs())).sum()
    };
    // Among 200 ms the middle is cut, so that no sound is.
    let around = |frame: usize| (frame - 5..frame + 5).map(energy).sum::<u64>();
    let quietest = (first..last - 5).min_by_key(|frame| around(*frame));
    quietest.unwrap_or(last) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_recording_is_cut_in_its_pauses() {
        let second = RECORDING_RATE.hz() as usize;
        let mut samples = vec![5_000; 60 * second];
        samples[15 * second..15 * second + 8_000].fill(0);
        let first = cut(&samples);
        assert!(
            (15 * second..15 * second + 8_000).contains(&first),
            "{first}"
        );
        assert_eq!(cut(&samples[..20 * second]), 20 * second);
        assert!(cut(&vec![1; 30 * second]) >= STRETCH_MIN_S * second);
    }
}
