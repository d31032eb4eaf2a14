//! Asterisk's `AudioSocket`: a TCP listener of its own, where a telephone system names the call by the
//! UUID that `web-calls` gave out. The wire has neither encryption nor another key, so that it
//! belongs into a private network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_api::calls::CallDocument;
use offhook_transport::audio_socket::{AudioSocketStart, serve_audio_socket};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::Server;
use super::media_stream::{Carried, open_call};
use crate::outcome::Complaint;

/// What carries such a call.
const TRANSPORT: &str = "audio-socket";
/// Connections beside those of the calls that may be up: they have ten seconds to name theirs.
const UNNAMED_MAX: usize = 64;
/// How long nobody is let in where the system has nothing left for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens, and serves until the task is aborted.
pub(super) async fn start(
    server: Arc<Server>,
    address: SocketAddr,
) -> anyhow::Result<JoinHandle<()>> {
    let listener = TcpListener::bind(address).await.map_err(|problem| {
        Complaint::bad_input(format!(
            "audio_socket: cannot listen on {address}: {problem}"
        ))
    })?;
    println!("audio sockets on {}", listener.local_addr()?);
    Ok(tokio::spawn(accept(server, listener)))
}

async fn accept(server: Arc<Server>, listener: TcpListener) {
    let room = server.settings.calls_max.saturating_add(UNNAMED_MAX);
    let room = Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS)));
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            continue;
        };
        // Packets are small and come in time.
        socket.set_nodelay(true).ok();
        let server = server.clone();
        tokio::spawn(async move {
            let limits = server.settings.limits;
            let open = move |AudioSocketStart { uuid, rate }| {
                let carried = Carried {
                    rate,
                    document: CallDocument {
                        transport: TRANSPORT.to_owned(),
                        ..CallDocument::default()
                    },
                    ..Carried::default()
                };
                open_call(server, uuid, carried)
            };
            serve_audio_socket(socket, limits, open).await;
            drop(place);
        });
    }
}
