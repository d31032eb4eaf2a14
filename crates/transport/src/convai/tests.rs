//! A server on this machine with a scripted session behind it, and a bare client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::http::HeaderValue;
use axum::routing::get;
use futures::{SinkExt as _, StreamExt as _};
use offhook_contract::{
    Leg, LegControl, LegDescription, LegEvent, LegNotice, OutboundFrame, Speaker, TurnId, leg,
};
use offhook_media::{Frame, SampleRate};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::websocket::SocketLimits;

const PATIENCE: Duration = Duration::from_secs(20);
const ONE: TurnId = TurnId(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a test holds of a conversation.
struct Talk {
    leg: Leg,
    initiation: Initiation,
    news: mpsc::Sender<ReplyNews>,
    orders: mpsc::Receiver<Order>,
}

struct Server {
    address: SocketAddr,
    talks: mpsc::Receiver<Talk>,
    /// Has a permit for each conversation that has waited long enough.
    gate: Arc<Semaphore>,
}

/// A conversation that waits for the gate, or in vain.
fn waiting(opened: OpenedConversation, gate: Arc<Semaphore>, is_vain: bool) -> Opened {
    Opened::Waiting(WaitingConversation {
        hold: None,
        conversation_id: opened.conversation_id.clone(),
        output: opened.output,
        input: opened.input,
        events: opened.events.clone(),
        admission: Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            if is_vain {
                return Err(ConversationRefusal {
                    code: 4300,
                    message: "no place was free".into(),
                });
            }
            Ok(opened)
        }),
    })
}

async fn serve() -> Server {
    let (sender, talks) = mpsc::channel(8);
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let route = get(move |upgrade: WebSocketUpgrade| {
        let (sender, gate) = (sender.clone(), held.clone());
        async move {
            serve_conversation(
                upgrade,
                SocketLimits::default(),
                async move |initiation: Initiation| {
                    if initiation.user_id.as_deref() == Some("nobody") {
                        let message = "this agent is for others";
                        return Err(ConversationRefusal::policy(message));
                    }
                    let user = initiation.user_id.clone().unwrap_or_default();
                    let (near, far_end) = leg(LegDescription {
                        transport: "convai".into(),
                        rate: SampleRate::HZ_8000,
                        lead: Duration::from_millis(100),
                    });
                    let (news, to_tell) = mpsc::channel(16);
                    let (order, orders) = mpsc::channel(16);
                    let talk = Talk {
                        leg: near,
                        initiation,
                        news,
                        orders,
                    };
                    sender.send(talk).await.unwrap();
                    let events = [
                        "audio",
                        "interruption",
                        "user_transcript",
                        "agent_response",
                        "agent_response_correction",
                    ];
                    let opened = OpenedConversation {
                        conversation_id: "conv_1".into(),
                        output: AudioFormat::named("ulaw_8000").unwrap(),
                        input: AudioFormat::PCM_16000,
                        events: events.map(str::to_owned).into_iter().collect(),
                        far_end,
                        news: to_tell,
                        orders: order,
                    };
                    Ok(match user.as_str() {
                        "late" | "vain" => waiting(opened, gate, user == "vain"),
                        _ => Opened::Now(Box::new(opened)),
                    })
                },
            )
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/convai/conversation", route);
    tokio::spawn(axum::serve(listener, router).into_future());
    Server {
        address,
        talks,
        gate,
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

impl Server {
    fn url(&self) -> String {
        format!("ws://{}/v1/convai/conversation?agent_id=a", self.address)
    }

    async fn begun(&mut self, first: Value) -> (Socket, Talk) {
        let mut socket = connect_async(self.url()).await.unwrap().0;
        say(&mut socket, first).await;
        let talk = within(self.talks.recv()).await.unwrap();
        let begun = heard(&mut socket).await;
        assert_eq!(begun["type"], "conversation_initiation_metadata");
        assert_eq!(
            begun["conversation_initiation_metadata_event"],
            json!({
                "conversation_id": "conv_1",
                "agent_output_audio_format": "ulaw_8000",
                "user_input_audio_format": "pcm_16000",
            })
        );
        (socket, talk)
    }
}

async fn say(socket: &mut Socket, message: Value) {
    let message = Message::text(message.to_string());
    socket.send(message).await.unwrap();
}

/// The next message but for pings, which are answered.
async fn heard(socket: &mut Socket) -> Value {
    loop {
        let Message::Text(text) = within(socket.next()).await.unwrap().unwrap() else {
            continue;
        };
        let value: Value = serde_json::from_str(text.as_str()).unwrap();
        if value["type"] != "ping" {
            return value;
        }
        let id = &value["ping_event"]["event_id"];
        say(socket, json!({ "type": "pong", "event_id": id })).await;
    }
}

async fn closed(socket: &mut Socket) -> (u16, String) {
    loop {
        match within(socket.next()).await.unwrap().unwrap() {
            Message::Close(Some(close)) => return (close.code.into(), close.reason.to_string()),
            Message::Close(None) => panic!("no code"),
            _ => {}
        }
    }
}

fn initiation() -> Value {
    json!({ "type": "conversation_initiation_client_data" })
}

fn sound(turn: TurnId, generation: u32) -> OutboundFrame {
    OutboundFrame {
        generation,
        turn,
        frame: Frame::silence(SampleRate::HZ_8000),
    }
}

#[tokio::test]
async fn what_a_client_says_reaches_the_session() {
    let mut server = serve().await;
    let first = json!({
        "type": "conversation_initiation_client_data",
        "dynamic_variables": { "name": "Ann" }, "user_id": "u1"
    });
    let (mut socket, mut talk) = server.begun(first).await;
    assert_eq!(talk.initiation.variables["name"], "Ann");
    // A quarter of a second at once, as the clients send it, loses nothing.
    let chunk = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        vec![0; 16_000 / 4 * 2],
    );
    say(&mut socket, json!({ "user_audio_chunk": chunk })).await;
    for _ in 0..12 {
        let frame = within(talk.leg.audio_in.recv()).await.unwrap();
        assert_eq!(frame.rate(), SampleRate::HZ_8000);
        assert!(talk.leg.audio_in.len() < 10);
    }
    say(&mut socket, json!({ "type": "user_message", "text": "Hi" })).await;
    say(&mut socket, json!({ "type": "user_activity" })).await;
    say(
        &mut socket,
        json!({ "type": "contextual_update", "text": "on /pricing" }),
    )
    .await;
    let events = &mut talk.leg.events;
    assert_eq!(
        within(events.recv()).await,
        Some(LegEvent::Message("Hi".into()))
    );
    assert_eq!(within(events.recv()).await, Some(LegEvent::Activity));
    let context = Order::Context {
        text: "on /pricing".into(),
        id: None,
    };
    assert_eq!(within(talk.orders.recv()).await, Some(context));
    socket.close(None).await.unwrap();
    assert_eq!(within(events.recv()).await, Some(LegEvent::HungUp));
}

#[tokio::test]
async fn a_cut_stands_between_the_audio_before_and_after_and_is_corrected() {
    let mut server = serve().await;
    let (mut socket, talk) = server.begun(initiation()).await;
    let text = "Sure, let me look.".to_owned();
    talk.news
        .send(ReplyNews::Written { turn: ONE, text })
        .await
        .unwrap();
    talk.leg.audio_out.send(sound(ONE, 0)).await.unwrap();
    let audio = heard(&mut socket).await;
    assert_eq!(audio["audio_event"]["event_id"], 1);
    let payload = audio["audio_event"]["audio_base_64"].as_str().unwrap();
    assert_eq!(payload.len(), 216, "160 bytes of µ-law");
    talk.news
        .send(ReplyNews::Begun { turn: ONE })
        .await
        .unwrap();
    let told = LegControl::Notice(LegNotice::Transcript {
        speaker: Speaker::Caller,
        text: "Stop.".into(),
        is_final: true,
    });
    talk.leg.control.send(told).await.unwrap();
    let transcript = heard(&mut socket).await;
    assert_eq!(
        transcript["user_transcription_event"],
        json!({ "user_transcript": "Stop.", "event_id": 2 })
    );
    let clear = LegControl::Clear { generation: 1 };
    talk.leg.control.send(clear).await.unwrap();
    let cut = heard(&mut socket).await;
    assert_eq!(cut["interruption_event"]["event_id"], 3);
    let ended = ReplyNews::Ended {
        turn: ONE,
        heard: Some("Sure,".into()),
        is_interrupted: true,
    };
    talk.news.send(ended).await.unwrap();
    let response = heard(&mut socket).await;
    assert_eq!(
        response["agent_response_event"],
        json!({ "agent_response": "Sure, let me look.", "event_id": 1 })
    );
    let correction = heard(&mut socket).await;
    assert_eq!(
        correction["agent_response_correction_event"]["corrected_agent_response"],
        "Sure,"
    );
    // What was on its way before the cut is not sent after it.
    talk.leg.audio_out.send(sound(ONE, 0)).await.unwrap();
    talk.leg.audio_out.send(sound(TurnId(2), 1)).await.unwrap();
    let audio = heard(&mut socket).await;
    assert_eq!(audio["audio_event"]["event_id"], 4);
    talk.leg.control.send(LegControl::HangUp).await.unwrap();
    drop(talk);
    assert_eq!(closed(&mut socket).await.0, 1000);
}

#[tokio::test]
async fn the_sub_protocol_is_chosen_only_where_it_is_offered() {
    let server = serve().await;
    let (_, answer) = connect_async(server.url()).await.unwrap();
    assert!(answer.headers().get("sec-websocket-protocol").is_none());
    let mut request = server.url().into_client_request().unwrap();
    let offered = HeaderValue::from_static("bearer.x, convai");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", offered);
    let (_, answer) = connect_async(request).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "convai");
}

#[tokio::test]
async fn what_is_wrong_closes_with_its_reason() {
    let mut server = serve().await;
    let mut socket = connect_async(server.url()).await.unwrap().0;
    let mut first = initiation();
    first["user_id"] = json!("nobody");
    say(&mut socket, first).await;
    let refused = (1008, "this agent is for others".to_owned());
    assert_eq!(closed(&mut socket).await, refused);
    for (wrong, named) in [
        ("{", "JSON"),
        (r#"{"type":"user_message","text":7}"#, "text"),
        (r#"{"type":"conversation_initiation_client_data"}"#, "once"),
    ] {
        let (mut socket, _talk) = server.begun(initiation()).await;
        socket.send(Message::text(wrong)).await.unwrap();
        let (code, reason) = closed(&mut socket).await;
        assert_eq!(code, 1008, "{wrong}");
        assert!(reason.contains(named), "{wrong}: {reason}");
    }
    let (mut socket, talk) = server.begun(initiation()).await;
    drop(talk);
    assert_eq!(closed(&mut socket).await.0, 1011);
}

#[tokio::test]
async fn audio_as_the_first_message_begins_the_conversation() {
    let mut server = serve().await;
    let chunk = json!({ "user_audio_chunk": "" });
    let (_socket, talk) = server.begun(chunk).await;
    assert_eq!(talk.initiation, Initiation::default());
}

fn initiation_of(user: &str) -> Value {
    json!({ "type": "conversation_initiation_client_data", "user_id": user })
}

fn queue(status: &str) -> Value {
    json!({ "type": "queue_status", "queue_status_event": { "status": status } })
}

#[tokio::test]
async fn who_waits_hears_a_tone_and_then_the_agent() {
    let mut server = serve().await;
    let (mut socket, mut talk) = server.begun(initiation_of("late")).await;
    assert_eq!(heard(&mut socket).await, queue("waiting"));
    let tone = heard(&mut socket).await;
    let payload = tone["audio_event"]["audio_base_64"].as_str().unwrap();
    assert_eq!(payload.len(), 10_668, "a second of µ-law");
    // What is typed meanwhile is answered later, what is spoken is not.
    say(&mut socket, json!({ "user_audio_chunk": "AAAA" })).await;
    say(&mut socket, json!({ "type": "user_message", "text": "Hi" })).await;
    // The second chunk comes after both were read.
    assert_eq!(heard(&mut socket).await["type"], "audio");
    server.gate.add_permits(1);
    assert_eq!(heard(&mut socket).await, queue("admitted"));
    let events = &mut talk.leg.events;
    assert_eq!(
        within(events.recv()).await,
        Some(LegEvent::Message("Hi".into()))
    );
    assert!(talk.leg.audio_in.is_empty());
    talk.leg.audio_out.send(sound(ONE, 0)).await.unwrap();
    let audio = heard(&mut socket).await;
    let id = |frame: &Value| frame["audio_event"]["event_id"].as_u64();
    assert!(id(&audio) > id(&tone));
}

#[tokio::test]
async fn who_waits_in_vain_is_told() {
    let mut server = serve().await;
    let (mut socket, _talk) = server.begun(initiation_of("vain")).await;
    assert_eq!(heard(&mut socket).await, queue("waiting"));
    server.gate.add_permits(1);
    loop {
        let told = heard(&mut socket).await;
        if told["type"] != "audio" {
            assert_eq!(told, queue("timed_out"));
            break;
        }
    }
    let closed = closed(&mut socket).await;
    assert_eq!(closed, (4300, "no place was free".to_owned()));
}

#[tokio::test]
async fn who_goes_away_waits_no_longer() {
    let mut server = serve().await;
    let (mut socket, mut talk) = server.begun(initiation_of("late")).await;
    assert_eq!(heard(&mut socket).await, queue("waiting"));
    socket.close(None).await.unwrap();
    // The far end of the leg is gone with what waited.
    assert_eq!(within(talk.leg.events.recv()).await, None);
}
