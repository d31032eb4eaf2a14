//! Another agent takes the call over: its stages are opened while the one that is goes on, and it takes
//! the place of that one when the turn manager says so.

use std::sync::Arc;

use offhook_contract::{ChatCall, ChatMessage, ProviderError, SpeechRequest};
use offhook_media::SampleRate;
use offhook_turn_taking::{Fact, Instant, Opening};
use tokio::sync::oneshot;

use super::ears::{Ears, Hearing};
use super::keys::KeyEntry;
use super::mouth::Manner;
use super::opening::{open_chat, soon};
use super::{Providers, Session, sound};
use crate::record::AgentChange;
use crate::{Persona, Successor};

/// The agent that takes over next, where there is one.
#[derive(Default)]
pub(super) struct Succession {
    /// Its stages are being opened. What is ordered later takes its place.
    preparing: Option<oneshot::Receiver<Result<Box<Prepared>, String>>>,
    /// It is ready, and waits for the turn manager.
    waiting: Option<Box<Prepared>>,
}

/// An agent that can take over.
pub(super) struct Prepared {
    id: String,
    persona: Persona,
    providers: Providers,
    opening: Option<Opening>,
    /// `None` where the caller is heard as before.
    ears: Option<Ears>,
    chat: Arc<dyn ChatCall>,
    speech: SpeechRequest,
    manner: Manner,
}

impl Succession {
    /// A frame's time has passed.
    pub(super) fn wait(&mut self) {
        if let Some(ears) = self.waiting.as_mut().and_then(|it| it.ears.as_mut()) {
            ears.wait();
        }
    }
}

impl std::fmt::Debug for Succession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = formatter.debug_struct("Succession");
        told.field("is_preparing", &self.preparing.is_some())
            .field("is_waiting", &self.waiting.is_some())
            .finish()
    }
}

impl Session {
    pub(super) fn prepare_successor(&mut self, successor: Successor, now: Instant) {
        if let Err(problem) = successor.persona.agent().turn_policy().validate() {
            return self.cannot_change(&problem.to_string(), now);
        }
        let rate = self.mouth.rate();
        let hearing = Hearing::of(&successor.persona, &successor.providers, rate);
        let is_heard_so = self.ears.as_ref().is_some_and(|ears| ears.hears(&hearing));
        let hearing = (!is_heard_so).then_some(hearing);
        let mut conversation = self.conversation.clone();
        conversation.succeed(
            successor.persona.system_prompt(&*successor.providers.voice),
            successor.persona.agent().context_window_turns(),
            self.persona.agent().name(),
        );
        let warm = conversation.so_far();
        let (sender, preparing) = oneshot::channel();
        self.orders.succession.preparing = Some(preparing);
        tokio::spawn(async move {
            let prepared = prepare(successor, hearing, warm, rate).await;
            // The call may be over, or another was ordered since.
            let _ = sender.send(prepared.map_err(|problem| problem.to_string()));
        });
    }

    pub(super) fn take_successor(&mut self, ready: Result<Box<Prepared>, String>, now: Instant) {
        let prepared = match ready {
            Ok(prepared) => prepared,
            Err(problem) => return self.cannot_change(&problem, now),
        };
        let policy = Box::new(prepared.persona.agent().turn_policy().clone());
        let opening = prepared.opening;
        self.orders.succession.waiting = Some(prepared);
        self.tell(Fact::SuccessorReady { policy, opening }, now);
    }

    fn cannot_change(&mut self, problem: &str, now: Instant) {
        let problem = format!("another agent cannot take over: {problem}");
        self.chronicle.problem(now, problem);
    }

    /// The agent that is ready takes over.
    pub(super) fn change_agent(&mut self, now: Instant) {
        let Some(prepared) = self.orders.succession.waiting.take() else {
            return;
        };
        let Prepared {
            id,
            persona,
            providers,
            opening: _,
            ears,
            chat,
            speech,
            manner,
        } = *prepared;
        let name = persona.agent().name().to_owned();
        let change = AgentChange { at: now, id, name };
        let from = self.persona.agent().name();
        self.chronicle.agent_changed(from, change);
        self.conversation.succeed(
            persona.system_prompt(&*providers.voice),
            persona.agent().context_window_turns(),
            from,
        );
        if let Some(mut ears) = ears {
            if let Some(others) = self.ears.take() {
                ears.succeed(others);
            }
            self.ears = Some(ears);
        }
        let rate = self.mouth.rate();
        self.other_voices = persona.other_voices(rate, &providers.voice.speed_range());
        self.mouth.change_manner(manner);
        self.chat = chat;
        self.speech = speech;
        self.voice = providers.voice;
        self.clips.succeed(providers.chat);
        self.keys = persona.agent().key_input().map(KeyEntry::new);
        if !persona.agent().is_recorded() {
            self.tape = None;
        }
        if persona.voicemail_message().is_none() {
            self.machine = None;
        }
        self.persona = persona;
    }
}

/// What becomes of the agent that takes over next; never comes where there is none.
pub(super) async fn prepared(succession: &mut Succession) -> Result<Box<Prepared>, String> {
    let Some(preparing) = &mut succession.preparing else {
        return std::future::pending().await;
    };
    let ready = preparing.await;
    succession.preparing = None;
    ready.unwrap_or_else(|_| Err("its stages could not be opened".to_owned()))
}

/// Opens what a successor needs; `hearing` where it hears another way than the agent that is.
async fn prepare(
    successor: Successor,
    hearing: Option<Hearing>,
    warm: Arc<[ChatMessage]>,
    rate: SampleRate,
) -> Result<Box<Prepared>, ProviderError> {
    let Successor {
        id,
        persona,
        providers,
        opening,
    } = successor;
    let sound = sound::of(&persona, &*providers.voice, rate);
    let ears = async {
        match hearing {
            Some(hearing) => soon(Ears::open(hearing)).await.map(Some),
            None => Ok(None),
        }
    };
    let chat = open_chat(&providers.chat, warm);
    let (ears, chat, (speech, manner)) = tokio::join!(ears, chat, sound);
    Ok(Box::new(Prepared {
        ears: ears?,
        chat: chat.map_err(|(_, problem)| problem)?,
        id,
        persona,
        providers,
        opening,
        speech,
        manner,
    }))
}
