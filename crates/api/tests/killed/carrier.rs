//! A carrier that notes how often each call is asked for, and that nobody answers; and the way to it
//! from another process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use offhook_api::{
    Api, CallNews, CallStage, CarrierCall, DialAccount, DialProblem, Dialler, Dialling, FoundCall,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How long a call rings.
const RINGS: Duration = Duration::from_millis(40);

/// How often each order was dialled.
type Dialled = Arc<Mutex<BTreeMap<String, u32>>>;

#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) address: String,
    dialled: Dialled,
}

impl Carrier {
    /// Listens, and tells `api` how calls go.
    pub(crate) async fn start(api: Api) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let dialled = Dialled::default();
        let known = dialled.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, api.clone(), known.clone()));
            }
        });
        Self { address, dialled }
    }

    pub(crate) fn dialled(&self) -> BTreeMap<String, u32> {
        self.dialled.lock().unwrap().clone()
    }
}

/// Answers one request: `dial WORKSPACE ORDER` or `find WORKSPACE ORDER`.
async fn answer(socket: TcpStream, api: Api, dialled: Dialled) {
    let mut socket = BufReader::new(socket);
    let mut line = String::new();
    // What a process did not send whole before it was killed is no request.
    if socket.read_line(&mut line).await.is_err() || !line.ends_with('\n') {
        return;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let [what, workspace, order] = words[..] else {
        return;
    };
    let said = match what {
        "dial" => {
            *dialled.lock().unwrap().entry(order.to_owned()).or_default() += 1;
            let (workspace, order) = (workspace.to_owned(), order.to_owned());
            tokio::spawn(ring(api, workspace, order.clone()));
            format!("{order}\n")
        }
        _ if dialled.lock().unwrap().contains_key(order) => format!("{order}\n"),
        _ => "none\n".to_owned(),
    };
    // Whoever asked may be dead.
    let _ = socket.write_all(said.as_bytes()).await;
}

/// Tells that nobody answered, until it is taken.
async fn ring(api: Api, workspace: String, order: String) {
    loop {
        tokio::time::sleep(RINGS).await;
        let news = CallNews {
            id: &order,
            stage: Some(CallStage::NoAnswer),
            answered_by: None,
            is_recording: false,
        };
        let noted = match api.placed_call(&workspace, &order).await {
            Ok(Some(mut placed)) => api.note_news(&mut placed, news).await,
            Ok(None) => return,
            Err(refusal) => Err(refusal),
        };
        if noted.is_ok() {
            return;
        }
    }
}

/// The way to a [`Carrier`].
#[derive(Debug)]
pub(crate) struct Wire {
    address: String,
}

impl Wire {
    pub(crate) fn to(address: &str) -> Self {
        let address = address.to_owned();
        Self { address }
    }

    async fn ask(&self, what: &str, dialling: &Dialling<'_>) -> Result<String, DialProblem> {
        let asked = async {
            let mut socket = BufReader::new(TcpStream::connect(&self.address).await?);
            let line = format!("{what} {} {}\n", dialling.workspace, dialling.order);
            socket.write_all(line.as_bytes()).await?;
            let mut said = String::new();
            socket.read_line(&mut said).await?;
            Ok(said.trim().to_owned())
        };
        asked
            .await
            .map_err(|problem: std::io::Error| DialProblem::Unreachable(problem.to_string()))
    }
}

#[async_trait]
impl Dialler for Wire {
    fn default_carrier(&self) -> Result<String, String> {
        Ok("carrier".to_owned())
    }

    fn can_dial(&self, _: &str, _: Option<&DialAccount>) -> Result<(), String> {
        Ok(())
    }

    async fn dial(&self, dialling: &Dialling<'_>) -> Result<Option<String>, DialProblem> {
        self.ask("dial", dialling).await.map(Some)
    }

    async fn find(
        &self,
        dialling: &Dialling<'_>,
        _: i64,
        _: &[String],
    ) -> Result<FoundCall, DialProblem> {
        Ok(match self.ask("find", dialling).await?.as_str() {
            "none" => FoundCall::Nothing,
            id => FoundCall::Call(id.to_owned()),
        })
    }

    async fn hang_up(&self, _: &CarrierCall<'_>) -> Result<(), DialProblem> {
        Ok(())
    }
}
