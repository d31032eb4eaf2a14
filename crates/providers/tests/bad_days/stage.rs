//! A call over real sockets to two servers for each stage, and what its caller heard.

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::{Agent, CallVariables};
use offhook_call::{CallRecord, CallSetup, Persona, Providers, Session, TurnKind, TurnRecord};
use offhook_contract::scripted::ScriptedDetector;
use offhook_contract::{
    ChatModel, LegControl, LegDescription, LegEvent, LegFarEnd, SpeechToText, TextToSpeech, leg,
};
use offhook_media::{Frame, SampleRate};
use offhook_providers::deepgram::{DeepgramConfig, DeepgramSpeech};
use offhook_providers::elevenlabs::{ElevenLabsVoice, ElevenLabsVoiceConfig};
use offhook_providers::hosted::{Account, ApiKey, ListeningLimits, http_client};
use offhook_providers::openai::{ChatLimits, OpenAiChat, OpenAiChatConfig};
use offhook_providers::standby::{
    StandbyChat, StandbyLimits, StandbyRecognition, StandbyVoice, VoiceMember,
};
use offhook_simulators::deepgram::Script;
use offhook_simulators::{Behaviour, Delays, Latency, Serving, deepgram, elevenlabs, openai};
use serde_json::Map;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};

const RATE: SampleRate = SampleRate::HZ_8000;
/// What the caller asks, and until when.
pub(crate) const QUESTION: &str = "Are you open on Sunday?";
const ASKED_BY: u32 = 1_600;
/// A frame is heard where a sample is as loud.
const HEARD: u16 = 64;

/// The servers of one call; the second of each stands by for the first.
pub(crate) struct Stage {
    pub(crate) ears: [Behaviour; 2],
    pub(crate) minds: [Behaviour; 2],
    pub(crate) voices: [Behaviour; 2],
    servers: [[Serving; 2]; 3],
    question: Script,
}

/// What a caller heard.
pub(crate) struct Heard {
    pub(crate) record: CallRecord,
    /// Frames from the answer on, as the ear had them: whether anything was in it.
    frames: Vec<bool>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        // Levels below those that the detector takes for speech come first.
        let quiet = (0..5).fold(Script::default(), |script, _| script.word("", 0, 0));
        let words = (0_u32..).zip(QUESTION.split(' '));
        let question = words.fold(quiet, |script, (number, word)| {
            script.word(word, 400 + number * 240, 620 + number * 240)
        });
        let latency = Latency::fixed(Duration::from_millis(20));
        let pair = |seed| {
            [seed, seed + 1].map(|seed| {
                Behaviour::new(seed).with_delays(Delays {
                    first: latency,
                    between: Latency::fixed(Duration::from_millis(5)),
                })
            })
        };
        let (ears, minds, voices) = (pair(1), pair(3), pair(5));
        let heard = |it: &Behaviour| Serving::here(deepgram::routes(it.clone(), question.clone()));
        let thought = |it: &Behaviour| Serving::here(openai::routes(it.clone()));
        let spoken = |it: &Behaviour| Serving::here(elevenlabs::routes(it.clone()));
        let servers = [
            [
                heard(&ears[0]).await.unwrap(),
                heard(&ears[1]).await.unwrap(),
            ],
            [
                thought(&minds[0]).await.unwrap(),
                thought(&minds[1]).await.unwrap(),
            ],
            [
                spoken(&voices[0]).await.unwrap(),
                spoken(&voices[1]).await.unwrap(),
            ],
        ];
        Self {
            ears,
            minds,
            voices,
            servers,
            question,
        }
    }

    /// All servers answer so; those that stand by as well.
    pub(crate) fn answers(self, text: &str) -> Self {
        for mind in &self.minds {
            for _ in 0..8 {
                mind.answer_next(text);
            }
        }
        self
    }

    fn account(&self, provider: &str, stage: usize, place: usize, path: &str) -> Account {
        let base = format!("http://{}{path}", self.servers[stage][place].address);
        Account::new(provider, &base, Some(ApiKey::new("k-1")))
    }

    fn providers(&self) -> Providers {
        let recogniser = |place| -> Arc<dyn SpeechToText> {
            Arc::new(DeepgramSpeech::new(DeepgramConfig {
                account: self.account("deepgram", 0, place, "/v1"),
                model: "nova-3".into(),
                limits: ListeningLimits::default(),
            }))
        };
        let http = http_client().unwrap();
        let model = |place| -> Arc<dyn ChatModel> {
            let config = OpenAiChatConfig {
                account: self.account("openai", 1, place, "/v1"),
                model: "gpt-4o-mini".into(),
                limits: ChatLimits::default(),
                extra: Map::new(),
            };
            Arc::new(OpenAiChat::new(http.clone(), config))
        };
        let voice = |place| VoiceMember {
            voice: Arc::new(ElevenLabsVoice::new(ElevenLabsVoiceConfig::new(
                self.account("elevenlabs", 2, place, ""),
                "eleven_flash_v2_5",
            ))) as Arc<dyn TextToSpeech>,
            stand_in: None,
        };
        let limits = StandbyLimits::default();
        Providers {
            detector: Arc::new(ScriptedDetector::with_likelihoods(&[])),
            recognition: Arc::new(StandbyRecognition::new(
                [0, 1].map(recogniser).into(),
                limits,
            )),
            chat: Arc::new(StandbyChat::new([0, 1].map(model).into(), limits)),
            voice: Arc::new(StandbyVoice::new([0, 1].map(voice).into(), limits)),
        }
    }

    /// A caller asks, listens for so long and hangs up.
    pub(crate) async fn call(&self, agent_fields: &str, listens: Duration) -> Heard {
        let agent = format!(
            r#"{{"name":"Ava","prompt":"Be brief.","echo_cancellation":"off"{agent_fields}}}"#
        );
        let agent = Agent::from_json(&agent).unwrap();
        let (near, far) = leg(LegDescription {
            transport: "stage".into(),
            rate: RATE,
            lead: Duration::from_millis(60),
        });
        let (_orders, control) = mpsc::channel(1);
        let session = Session::open(CallSetup {
            call_id: "call-1".into(),
            persona: Persona::new(Arc::new(agent), CallVariables::new()),
            leg: near,
            providers: self.providers(),
            log: None,
            control,
        })
        .await
        .unwrap();
        let audio = self.question.audio(RATE.hz(), 2_000);
        let caller = tokio::spawn(listen(far, audio, listens));
        let record = session.run().await;
        let frames = caller.await.unwrap();
        Heard { record, frames }
    }
}

/// Speaks, and hears what comes back.
async fn listen(mut far: LegFarEnd, audio: Vec<i16>, listens: Duration) -> Vec<bool> {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    let mut audio = audio.chunks(RATE.frame_samples());
    let mut frames: Vec<bool> = Vec::new();
    let played = || (start.elapsed().as_millis() / 20) as usize;
    loop {
        tokio::select! {
            biased;
            order = far.control.recv() => match order {
                Some(LegControl::HangUp) | None => return frames,
                Some(LegControl::Clear { .. }) => frames.truncate(played()),
                Some(LegControl::Notice(_)) => {}
            },
            Some(sent) = far.audio_out.recv() => {
                let now = played();
                if frames.len() < now {
                    frames.resize(now, false);
                }
                let mut samples = sent.frame.samples().iter();
                frames.push(samples.any(|it| it.unsigned_abs() > HEARD));
            }
            _ = ticks.tick() => {
                if start.elapsed() >= listens {
                    let _ = far.events.try_send(LegEvent::HungUp);
                }
                let frame = Frame::padded(RATE, audio.next().unwrap_or_default());
                let _ = far.audio_in.try_send(frame);
            }
        }
    }
}

impl Heard {
    pub(crate) fn answers(&self) -> Vec<&TurnRecord> {
        let turns = self.record.turns.iter();
        turns.filter(|turn| turn.kind == TurnKind::Answer).collect()
    }

    /// What the one answer says, all of which was heard.
    pub(crate) fn answer(&self) -> &str {
        let answers = self.answers();
        assert_eq!(answers.len(), 1, "{:?}", self.record);
        assert_eq!(answers[0].caller_text, QUESTION);
        let heard = answers[0].heard_text.as_deref();
        assert_eq!(heard, Some(answers[0].generated_text.trim()));
        answers[0].generated_text.trim()
    }

    /// From the end of the question to the first sound.
    pub(crate) fn waited(&self) -> Duration {
        let asked_by = ASKED_BY as usize / 20;
        let first = self.frames.iter().skip(asked_by).position(|it| *it);
        Duration::from_millis(20) * first.unwrap() as u32
    }

    /// All that was heard.
    pub(crate) fn sound(&self) -> Duration {
        Duration::from_millis(20) * self.frames.iter().filter(|it| **it).count() as u32
    }

    /// The longest silence between two sounds.
    pub(crate) fn silence(&self) -> Duration {
        let first = self.frames.iter().position(|it| *it).unwrap();
        let last = self.frames.iter().rposition(|it| *it).unwrap();
        let runs = self.frames[first..=last].chunk_by(|left, right| left == right);
        let longest = runs.filter(|run| !run[0]).map(<[bool]>::len).max();
        Duration::from_millis(20) * longest.unwrap_or(0) as u32
    }
}
