//! A call on a stage: an agent with one field set, scripted providers, a caller who speaks at set
//! times, and everything that the caller heard.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use offhook_agent::{Agent, CallVariables};
use offhook_call::{CallSetup, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_contract::{
    LegControl, LegDescription, LegEvent, LegFarEnd, LegNotice, OutboundFrame, leg,
};
use offhook_media::{Frame, SampleRate};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};

use crate::call::Call;
use crate::document::put;

pub(crate) const RATE: SampleRate = SampleRate::HZ_16000;

/// What is to happen, whatever the value of the field.
#[derive(Clone)]
pub(crate) struct Stage {
    document: Value,
    variables: CallVariables,
    utterances: Vec<ScriptedUtterance>,
    replies: Vec<ScriptedReply>,
    likelihoods: Vec<f32>,
    speech: Vec<(Duration, Duration)>,
    hangs_up: Option<Duration>,
}

impl Stage {
    /// An agent who greets with "Hello there." and a caller who says nothing.
    pub(crate) fn new() -> Self {
        Self {
            document: json!({
                "name": "Ava",
                "prompt": "Be brief.",
                "first_message": "Hello there.",
            }),
            variables: CallVariables::new(),
            utterances: Vec::new(),
            replies: Vec::new(),
            likelihoods: Vec::new(),
            speech: Vec::new(),
            hangs_up: None,
        }
    }

    /// Another field of the agent, the same for all values.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        put(&mut self.document, field, value);
        self
    }

    /// The call gives a variable its value.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The caller speaks from `at_ms` for `length_ms`; each word is recognised as it is spoken.
    pub(crate) fn says(self, at_ms: u64, length_ms: u64, text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let mut utterance = ScriptedUtterance::new(text);
        for count in 1..words.len() {
            let share = length_ms * count as u64 / words.len() as u64;
            let known = Duration::from_millis(share);
            utterance = utterance.interim(known, &words[..count].join(" "));
        }
        self.utters(at_ms, length_ms, utterance)
    }

    /// The caller speaks; recognition does as `utterance` says.
    pub(crate) fn utters(
        mut self,
        at_ms: u64,
        length_ms: u64,
        utterance: ScriptedUtterance,
    ) -> Self {
        let from = Duration::from_millis(at_ms);
        self.speech
            .push((from, from + Duration::from_millis(length_ms)));
        self.utterances.push(utterance);
        self
    }

    /// The next request is answered with this.
    pub(crate) fn answers(self, text: &str) -> Self {
        self.replies(ScriptedReply::new(text))
    }

    /// The next request is answered with this, the first word `after_ms`.
    pub(crate) fn answers_after(self, after_ms: u64, text: &str) -> Self {
        self.replies(ScriptedReply {
            first_word_after: Duration::from_millis(after_ms),
            ..ScriptedReply::new(text)
        })
    }

    /// The next request is answered like this.
    pub(crate) fn replies(mut self, reply: ScriptedReply) -> Self {
        self.replies.push(reply);
        self
    }

    /// The next pauses are judged to end the turn as likely as this; later ones with 0.99.
    pub(crate) fn judges(mut self, likelihoods: &[f32]) -> Self {
        self.likelihoods.extend(likelihoods);
        self
    }

    pub(crate) fn hangs_up(mut self, at_ms: u64) -> Self {
        self.hangs_up = Some(Duration::from_millis(at_ms));
        self
    }

    /// The agent with `field` set to `value`.
    pub(crate) fn agent(&self, field: &str, value: &Value) -> Agent {
        let mut document = self.document.clone();
        put(&mut document, field, value.clone());
        Agent::from_json(&document.to_string())
            .unwrap_or_else(|problems| panic!("{field} = {value}: {problems}"))
    }

    /// The whole call with such an agent.
    pub(crate) fn run(self, field: &str, value: &Value) -> Call {
        let agent = Arc::new(self.agent(field, value));
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(self.hold(agent))
    }

    async fn hold(self, agent: Arc<Agent>) -> Call {
        let (near, far) = leg(LegDescription {
            transport: "stage".into(),
            rate: RATE,
            lead: Duration::from_millis(60),
        });
        let recognition = ScriptedRecognition::new(self.utterances);
        let detector = ScriptedDetector::with_likelihoods(&self.likelihoods);
        let chat = ScriptedChat::new(self.replies);
        let voice = ScriptedVoice::default();
        let (_control, control) = mpsc::channel(1);
        let session = Session::open(CallSetup {
            call_id: "call-1".into(),
            persona: Persona::new(agent.clone(), self.variables).at(SystemTime::UNIX_EPOCH),
            leg: near,
            providers: Providers {
                detector: Arc::new(detector.clone()),
                recognition: Arc::new(recognition.clone()),
                chat: Arc::new(chat.clone()),
                voice: Arc::new(voice.clone()),
            },
            log: None,
            control,
        });
        let session = session.await.unwrap();
        let caller = tokio::spawn(call(far, self.speech, self.hangs_up));
        let record = session.run().await;
        let ear = caller.await.unwrap();
        Call {
            agent,
            record,
            holds: ear.holds,
            samples: ear.samples,
            frames: ear.frames,
            asked: chat.requests().so_far(),
            recognition: recognition.requests().so_far(),
            detector: detector.requests().so_far(),
            voice: voice.requests.so_far(),
        }
    }
}

/// The caller: a frame every 20 ms until the far end hangs up or the time has come.
async fn call(
    mut far: LegFarEnd,
    speech: Vec<(Duration, Duration)>,
    hangs_up: Option<Duration>,
) -> Ear {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    let mut ear = Ear::default();
    loop {
        tokio::select! {
            biased;
            order = far.control.recv() => match order {
                Some(LegControl::HangUp) | None => return ear,
                Some(LegControl::Clear { generation }) => ear.clear(generation, start.elapsed()),
                Some(LegControl::Notice(LegNotice::Interrupted)) => {
                    ear.holds.push(start.elapsed());
                }
                Some(LegControl::Notice(_)) => {}
            },
            Some(sent) = far.audio_out.recv() => ear.arrived(&sent, start.elapsed()),
            _ = ticks.tick() => {
                let now = start.elapsed();
                if hangs_up.is_some_and(|at| now >= at) {
                    let _ = far.events.send(LegEvent::HungUp).await;
                }
                let is_loud = speech.iter().any(|(from, to)| now >= *from && now < *to);
                let frame = if is_loud { loud(now) } else { Frame::padded(RATE, &[0; 320]) };
                let _ = far.audio_in.try_send(frame);
            }
        }
    }
}

/// 20 ms of a caller who makes a sound of no pitch, as no echo of the agent would be.
fn loud(now: Duration) -> Frame {
    let mut state = now.as_millis() as u32;
    let samples = [(); 320].map(|()| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 { 5_000 } else { -5_000 }
    });
    Frame::padded(RATE, &samples)
}

/// Plays frames one after the other as they come.
#[derive(Default)]
struct Ear {
    samples: Vec<i16>,
    frames: Vec<Duration>,
    holds: Vec<Duration>,
    generation: u32,
}

impl Ear {
    fn arrived(&mut self, sent: &OutboundFrame, now: Duration) {
        self.frames.push(now);
        if sent.generation >= self.generation {
            self.pass(now);
            self.samples.extend_from_slice(sent.frame.samples());
        }
    }

    /// What has not been played by now is dropped.
    fn clear(&mut self, generation: u32, now: Duration) {
        self.generation = generation;
        self.samples.truncate(RATE.samples_in(now) as usize);
    }

    /// Where nothing came there is silence.
    fn pass(&mut self, now: Duration) {
        let played = RATE.samples_in(now) as usize;
        if self.samples.len() < played {
            self.samples.resize(played, 0);
        }
    }
}
