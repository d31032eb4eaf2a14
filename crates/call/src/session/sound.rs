//! How a call is to sound, found out before it is answered; and which tools are heard.

use std::ops::RangeInclusive;

use offhook_contract::{SpeechRequest, TextToSpeech};
use offhook_media::{SampleRate, SoundLoop};
use offhook_turn_taking::Fact;
use tokio::task::spawn_blocking;

use super::Session;
use super::mouth::{BedChoice, Manner, ToolSoundChoice};
use crate::persona::Persona;

/// What to ask of the voice, and how the mouth then sounds on a leg at `rate`.
pub(super) async fn of(
    persona: &Persona,
    voice: &dyn TextToSpeech,
    rate: SampleRate,
) -> (SpeechRequest, Manner) {
    let agent = persona.agent();
    let (speech, stretch) = paced(persona.speech(rate), &voice.speed_range());
    let bed = match agent.ambient_sound() {
        Some(ambient) => made(move || SoundLoop::of_bed(ambient.bed, rate))
            .await
            .map(|sound| BedChoice {
                sound,
                volume: ambient.volume,
            }),
        None => None,
    };
    let tool_sound = match agent.tool_call_sound() {
        Some(tool) => made(move || SoundLoop::of_tool_sound(tool.sound, rate))
            .await
            .map(|sound| ToolSoundChoice {
                sound,
                is_always_heard: tool.is_always_heard,
            }),
        None => None,
    };
    let manner = Manner {
        volume: agent.voice().volume,
        stretch,
        bed,
        tool_sound,
    };
    (speech, manner)
}

/// Makes a sound where computing delays no call; a call without it is better than none.
async fn made(make: impl FnOnce() -> SoundLoop + Send + 'static) -> Option<SoundLoop> {
    spawn_blocking(make)
        .await
        .inspect_err(|problem| tracing::error!(%problem, "a sound cannot be made"))
        .ok()
}

/// What to ask of a voice that can go at `speeds`, and how many times faster its audio then has to
/// be played.
fn paced(mut speech: SpeechRequest, speeds: &RangeInclusive<f32>) -> (SpeechRequest, f32) {
    let wanted = speech.speed;
    speech.speed = wanted.max(*speeds.start()).min(*speeds.end());
    let stretch = wanted / speech.speed;
    (speech, stretch)
}

impl Session {
    /// Counts the tools that run for the live reply.
    pub(super) fn note_tools(&mut self, fact: &Fact) {
        let (turn, is_start) = match fact {
            Fact::ToolStarted { turn } => (*turn, true),
            Fact::ToolFinished { turn } => (*turn, false),
            _ => return,
        };
        if let Some(reply) = self.reply.as_mut().filter(|reply| reply.turn() == turn) {
            reply.count_tool(is_start);
        }
        self.sound_tools();
    }

    /// Lets the caller hear the tools of a reply that may be heard, and of no other.
    pub(super) fn sound_tools(&mut self) {
        let reply = self.reply.as_ref().filter(|reply| reply.is_released());
        let is_running = reply.is_some_and(|reply| reply.has_running_tool());
        let has_spoken = reply.is_some_and(|reply| reply.has_speech());
        self.mouth.tool_runs(is_running, has_spoken);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use offhook_agent::{Agent, CallVariables};
    use offhook_contract::scripted::{
        ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedVoice,
    };
    use offhook_contract::{Diction, LegDescription, leg};
    use offhook_turn_taking::Instant;
    use tokio::sync::mpsc;

    use super::*;
    use crate::{CallSetup, Providers};
    use offhook_contract::VoiceManner;

    /// The loudest sample that is sent in the second after `at_ms`, with the session's own steps
    /// of 20 ms; the greeting is never made, so that only tools can be heard.
    async fn loudest(behaviour: &str, does_tool_end: bool, at_ms: u64) -> u16 {
        let agent = Agent::from_json(&format!(
            r#"{{"name":"A","prompt":"P","first_message":"Hello.",
                "tool_call_sound":{{"kind":"elevator1","behaviour":"{behaviour}"}}}}"#
        ));
        let (near, mut far) = leg(LegDescription {
            transport: "test".into(),
            rate: SampleRate::HZ_8000,
            lead: Duration::ZERO,
        });
        let (_control, control) = mpsc::channel(1);
        let mut session = Session::open(CallSetup {
            call_id: "call".into(),
            persona: Persona::new(Arc::new(agent.unwrap()), CallVariables::new()),
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::with_likelihoods(&[])),
                recognition: Arc::new(ScriptedRecognition::new(Vec::new())),
                chat: Arc::new(ScriptedChat::new(Vec::new())),
                voice: Arc::new(ScriptedVoice::default()),
            },
            log: None,
            control,
        })
        .await
        .unwrap();
        session.tell(Fact::CallAnswered, Instant::START);
        session.carry_out_commands(Instant::START);
        let turn = session.reply.as_ref().map(|reply| reply.turn()).unwrap();
        session.tell(Fact::ToolStarted { turn }, Instant::START);
        let mut loudest = 0;
        for step in 0..(at_ms + 1_000) / 20 {
            let now = Instant::from_millis(step * 20);
            if does_tool_end && step == 25 {
                session.tell(Fact::ToolFinished { turn }, now);
            }
            session.speak_what_is_due(now);
            while let Ok(sent) = far.audio_out.try_recv() {
                let samples = sent
                    .frame
                    .samples()
                    .iter()
                    .map(|sample| sample.unsigned_abs());
                if step * 20 >= at_ms {
                    loudest = loudest.max(samples.max().unwrap_or(0));
                }
            }
        }
        loudest
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_tool_is_heard_until_it_ends() {
        assert!(loudest("always", false, 1_000).await > 300);
        assert!(loudest("always", true, 0).await > 300);
        assert_eq!(loudest("always", true, 1_000).await, 0);
        // The agent has said nothing before it.
        assert_eq!(loudest("auto", false, 0).await, 0);
    }

    #[test]
    fn the_voice_does_what_it_can_and_the_rest_is_made_up_for() {
        let asked = |speed: f32, speeds: RangeInclusive<f32>| {
            let speech = SpeechRequest {
                rate: None,
                diction: Diction::default(),
                is_phrase: false,
                manner: VoiceManner::default(),
                voice: None,
                language: "en".into(),
                speed,
            };
            let (speech, stretch) = paced(speech, &speeds);
            (speech.speed, stretch)
        };
        assert_eq!(asked(2.0, 0.5..=2.0), (2.0, 1.0));
        assert_eq!(asked(2.0, 1.0..=1.0), (1.0, 2.0));
        assert_eq!(asked(0.5, 0.8..=1.25), (0.8, 0.625));
        assert_eq!(asked(1.0, 0.8..=1.25), (1.0, 1.0));
    }
}
