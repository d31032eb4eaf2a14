//! The one request that a caller makes before it calls: for the token of a call.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::LoadError;

/// Asks for a call with an agent; gives what names it on a leg, of that name in the answer.
pub(crate) async fn token(
    address: SocketAddr,
    agent: &str,
    credential: &str,
) -> Result<String, LoadError> {
    let path = format!("/offhook/v1/agents/{agent}/web-calls");
    let (status, body) = post(address, &path, "{}").await?;
    let document: Value = serde_json::from_str(&body).unwrap_or_default();
    match document[credential].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(LoadError::Refused { status, body }),
    }
}

/// Stores an agent; gives its id.
pub(crate) async fn create_agent(
    address: SocketAddr,
    document: &Value,
) -> Result<String, LoadError> {
    let (status, body) = post(address, "/offhook/v1/agents", &document.to_string()).await?;
    let stored: Value = serde_json::from_str(&body).unwrap_or_default();
    match stored["id"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => Err(LoadError::Refused { status, body }),
    }
}

/// The number that a simulator tells.
pub(crate) async fn count(address: SocketAddr, path: &str) -> Result<usize, LoadError> {
    let (status, body) = ask(address, "GET", path, "").await?;
    let number = body.trim().parse();
    number.map_err(|_| LoadError::Refused { status, body })
}

async fn post(address: SocketAddr, path: &str, body: &str) -> Result<(u16, String), LoadError> {
    ask(address, "POST", path, body).await
}

/// The status and the body of the answer. The other end is ours: what it sends has a length and is
/// over when it closes.
async fn ask(
    address: SocketAddr,
    verb: &str,
    path: &str,
    body: &str,
) -> Result<(u16, String), LoadError> {
    let problem = || LoadError::system(format!("asking for {path}"));
    let mut stream = TcpStream::connect(address).await.map_err(problem())?;
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(problem())?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .map_err(problem())?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    Ok((status.unwrap_or(0), body.to_owned()))
}
