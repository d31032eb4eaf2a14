//! Between a reply and its voice: other words there, the places of the written ones back.

use offhook_contract::{SpeechEvent, SpeechStream, SpokenText};
use tokio::sync::mpsc;

use super::places::Places;
use super::wording::Wording;

/// Hands pieces on in other words, and speech back, until the voice is done or nobody listens.
pub(super) async fn run(
    wording: Wording,
    mut pieces: mpsc::Receiver<SpokenText>,
    voice: SpeechStream,
    events: mpsc::Sender<SpeechEvent>,
) {
    let SpeechStream {
        text,
        events: mut speech,
    } = voice;
    let mut text = Some(text);
    let mut places = Places::default();
    let mut waiting: Option<SpokenText> = None;
    loop {
        let listener = text.clone();
        tokio::select! {
            biased;
            () = events.closed() => return,
            event = speech.recv() => {
                let event = match event {
                    Some(SpeechEvent::Audio(audio)) => SpeechEvent::Audio(places.placed(audio)),
                    Some(failed) => failed,
                    None => return,
                };
                if events.send(event).await.is_err() {
                    return;
                }
            }
            room = room(listener.as_ref()), if waiting.is_some() => match (room, waiting.take()) {
                (Some(room), Some(piece)) => room.send(piece),
                // A voice that no longer listens says why.
                _ => text = None,
            },
            piece = pieces.recv(), if waiting.is_none() && text.is_some() => match piece {
                Some(piece) => waiting = Some(places.give(&wording, &piece)),
                None => text = None,
            },
        }
    }
}

async fn room(text: Option<&mpsc::Sender<SpokenText>>) -> Option<mpsc::Permit<'_, SpokenText>> {
    text?.reserve().await.ok()
}
