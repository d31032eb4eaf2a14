//! The caller's connection goes away because the caller was taken elsewhere: the call goes on with
//! another that comes in its place, and is over where none does.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::{Agent, CallVariables};
use offhook_call::{
    CallRecord, CallSetup, Control, OrderedWords, Persona, Providers, Session, SpokenOrder,
};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedVoice,
};
use offhook_contract::{Leg, LegDescription, LegEvent, LegFarEnd, leg};
use offhook_media::SampleRate;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const RATE: SampleRate = SampleRate::HZ_16000;
const WAIT: Duration = Duration::from_secs(5);

/// A call that has greeted its caller.
struct Call {
    orders: mpsc::Sender<Control>,
    legs: mpsc::Sender<Leg>,
    far: LegFarEnd,
    task: JoinHandle<CallRecord>,
}

fn connection(rate: SampleRate) -> (Leg, LegFarEnd) {
    leg(LegDescription {
        transport: "stage".into(),
        rate,
        lead: Duration::from_millis(60),
    })
}

impl Call {
    async fn begin() -> Self {
        let agent = r#"{ "name": "Ava", "prompt": "Be brief.", "first_message": "Hello." }"#;
        let agent = Agent::from_json(agent).unwrap();
        let (near, mut far) = connection(RATE);
        let (orders, control) = mpsc::channel(4);
        let (legs, arriving) = mpsc::channel(1);
        let mut session = Session::open(CallSetup {
            call_id: "call-1".into(),
            persona: Persona::new(Arc::new(agent), CallVariables::new()),
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::default()),
                recognition: Arc::new(ScriptedRecognition::new(Vec::new())),
                chat: Arc::new(ScriptedChat::new(Vec::new())),
                voice: Arc::new(ScriptedVoice::default()),
            },
            log: None,
            control,
        })
        .await
        .unwrap();
        session.expect_legs(arriving);
        let task = tokio::spawn(session.run());
        assert!(far.audio_out.recv().await.is_some(), "it greets");
        Self {
            orders,
            legs,
            far,
            task,
        }
    }

    /// The connection goes away, as was said before.
    async fn parts(
        self,
    ) -> (
        mpsc::Sender<Control>,
        mpsc::Sender<Leg>,
        JoinHandle<CallRecord>,
    ) {
        self.orders
            .send(Control::Part { wait: WAIT })
            .await
            .unwrap();
        sleep(Duration::from_millis(100)).await;
        self.far.events.send(LegEvent::HungUp).await.unwrap();
        drop(self.far);
        sleep(Duration::from_secs(2)).await;
        assert!(!self.task.is_finished(), "the call goes on");
        (self.orders, self.legs, self.task)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_with_the_connection_that_comes_back() {
    let (orders, legs, task) = Call::begin().await.parts().await;
    let (near, mut far) = connection(RATE);
    legs.send(near).await.unwrap();
    let order = SpokenOrder {
        words: OrderedWords::Text("Here you are again.".to_owned()),
        is_urgent: true,
        is_interruptible: true,
        ends_call: false,
    };
    orders.send(Control::Speak(order)).await.unwrap();
    let heard = timeout(Duration::from_secs(5), far.audio_out.recv()).await;
    assert!(heard.unwrap().is_some(), "the agent is heard there");
    sleep(WAIT).await;
    assert!(!task.is_finished(), "nothing is waited for any more");
    far.events.send(LegEvent::HungUp).await.unwrap();
    assert_eq!(task.await.unwrap().ended_name(), "caller_hung_up");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_back_ends_the_call() {
    let (_orders, _legs, task) = Call::begin().await.parts().await;
    let record = timeout(Duration::from_secs(4), task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.ended_name(), "caller_hung_up");
    assert!(record.duration >= WAIT, "{:?}", record.duration);
}

#[tokio::test(start_paused = true)]
async fn a_connection_at_another_rate_is_let_go() {
    let (_orders, legs, task) = Call::begin().await.parts().await;
    let (near, mut far) = connection(SampleRate::HZ_8000);
    legs.send(near).await.unwrap();
    assert!(far.audio_out.recv().await.is_none());
    let record = timeout(Duration::from_secs(4), task)
        .await
        .unwrap()
        .unwrap();
    assert!(record.problems.iter().any(|it| it.contains("another rate")));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_goes_away_unasked_ends_the_call() {
    let call = Call::begin().await;
    call.far.events.send(LegEvent::HungUp).await.unwrap();
    let record = timeout(Duration::from_secs(1), call.task).await;
    assert_eq!(record.unwrap().unwrap().ended_name(), "caller_hung_up");
}
