//! One file over HTTP, continued where an earlier attempt ended.
//!
//! Ranges and their answers are those of RFC 9110 §14: `Range: bytes=N-` is asked for, and 206
//! (from N), 200 (from the start) and 416 (nothing left) are understood.

use std::cmp::Ordering;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Client, Response, StatusCode, header};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::progress::Meter;

const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
const CONNECT_TIME: Duration = Duration::from_secs(15);
const SILENCE_TIME: Duration = Duration::from_secs(30);

/// Why a download failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// No client could be made, for example because the system has no CA certificates.
    #[error("no HTTPS client can be made here (Debian: apt-get install ca-certificates)")]
    Client(#[source] Arc<reqwest::Error>),
    /// Nobody said where the file lies.
    #[error("its address is not known")]
    NoAddress,
    /// The server cannot be reached, or the connection broke, at every attempt.
    #[error(
        "no answer, or a broken connection, {attempts} times running from {url}; check the network"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        source: Arc<reqwest::Error>,
    },
    /// The server said no.
    #[error("the server answered {status} for {url}")]
    Refused {
        /// The address.
        url: String,
        /// Its answer.
        status: StatusCode,
    },
    /// The server offers a file of another size.
    #[error("the server offers {found_bytes} bytes instead of {expected_bytes} at {url}")]
    OtherFile {
        /// The address.
        url: String,
        /// What it offers.
        found_bytes: u64,
        /// What the catalogue says.
        expected_bytes: u64,
    },
    /// The body ended early at every attempt.
    #[error(
        "the body ended after {found_bytes} of {expected_bytes} bytes, again and again, at {url}"
    )]
    Truncated {
        /// The address.
        url: String,
        /// What arrived.
        found_bytes: u64,
        /// What the catalogue says.
        expected_bytes: u64,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What kind of failure, to tell a full disk.
        kind: io::ErrorKind,
        /// What the system said.
        why: String,
    },
}

impl FetchError {
    fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, .. } => !is_passing(*status),
            Self::Client(_) | Self::NoAddress | Self::OtherFile { .. } | Self::Write { .. } => true,
            Self::Unreachable { .. } | Self::Truncated { .. } => false,
        }
    }
}

/// Fetches files over HTTP.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    client: Client,
    first_wait: Duration,
}

/// What to fetch, and whereto.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    /// The address.
    pub(super) url: &'a str,
    /// The file that grows while bytes arrive; what it already holds is kept.
    pub(super) path: &'a Path,
    /// The size of the whole.
    pub(super) bytes: u64,
}

impl Fetcher {
    /// A fetcher that trusts the system's certificates.
    pub(super) fn new() -> Result<Self, FetchError> {
        // Another part of the program may have chosen the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME)
            .read_timeout(SILENCE_TIME)
            .build()
            .map_err(|source| FetchError::Client(Arc::new(source)))?;
        Ok(Self {
            client,
            first_wait: FIRST_WAIT,
        })
    }

    /// Brings the file to its full size. Its content is the caller's to check.
    pub(super) async fn fetch(&self, order: Order<'_>, meter: &Meter) -> Result<(), FetchError> {
        let mut failures = 0;
        let mut wait = self.first_wait;
        loop {
            let had_bytes = start(order).await?;
            meter.set(had_bytes);
            if had_bytes == order.bytes {
                return Ok(());
            }
            let error = match self.attempt(order, had_bytes, failures + 1, meter).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if length(order.path).await > had_bytes {
                failures = 0;
                wait = self.first_wait;
            }
            failures += 1;
            if error.is_final() || failures >= ATTEMPTS {
                return Err(error);
            }
            tracing::debug!(%error, failures, "trying again");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn attempt(
        &self,
        order: Order<'_>,
        had_bytes: u64,
        attempts: u32,
        meter: &Meter,
    ) -> Result<(), FetchError> {
        let broken = |source: reqwest::Error| FetchError::Unreachable {
            url: order.url.to_owned(),
            attempts,
            source: Arc::new(source.without_url()),
        };
        let mut request = self.client.get(order.url);
        if had_bytes > 0 {
            request = request.header(header::RANGE, format!("bytes={had_bytes}-"));
        }
        let response = request.send().await.map_err(broken)?;
        let mut done_bytes = first_byte(&response, order, had_bytes)?;
        let mut file = open_at(order.path, done_bytes).await?;
        let write = |error: io::Error| write_error(order.path, &error);
        let mut body = response.bytes_stream();
        let mut failure = None;
        while let Some(piece) = body.next().await {
            match piece {
                Ok(piece) => {
                    file.write_all(&piece).await.map_err(write)?;
                    done_bytes += piece.len() as u64;
                    meter.set(done_bytes);
                }
                Err(error) => failure = Some(broken(error)),
            }
        }
        file.flush().await.map_err(write)?;
        match failure {
            Some(failure) => Err(failure),
            None => complete(order, done_bytes),
        }
    }
}

/// How much is there already; a file that is too long is begun again.
async fn start(order: Order<'_>) -> Result<u64, FetchError> {
    let had_bytes = length(order.path).await;
    if had_bytes <= order.bytes {
        return Ok(had_bytes);
    }
    let removed = tokio::fs::remove_file(order.path).await;
    removed.map_err(|error| write_error(order.path, &error))?;
    Ok(0)
}

/// The offset at which the answer's body begins, if the answer is one to take.
fn first_byte(response: &Response, order: Order<'_>, had_bytes: u64) -> Result<u64, FetchError> {
    let status = response.status();
    let url = order.url.to_owned();
    let from = match status {
        StatusCode::PARTIAL_CONTENT if range_start(response) == Some(had_bytes) => had_bytes,
        StatusCode::OK => 0,
        _ => return Err(FetchError::Refused { url, status }),
    };
    match response.content_length() {
        Some(rest) if from + rest != order.bytes => Err(FetchError::OtherFile {
            url,
            found_bytes: from + rest,
            expected_bytes: order.bytes,
        }),
        _ => Ok(from),
    }
}

/// The first number of `Content-Range: bytes 100-199/200`.
fn range_start(response: &Response) -> Option<u64> {
    let range = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

async fn open_at(path: &Path, offset: u64) -> Result<File, FetchError> {
    let write = |error: io::Error| write_error(path, &error);
    let mut options = File::options();
    options.create(true).write(true).truncate(false);
    let mut file = options.open(path).await.map_err(write)?;
    file.set_len(offset).await.map_err(write)?;
    file.seek(io::SeekFrom::Start(offset))
        .await
        .map_err(write)?;
    Ok(file)
}

fn complete(order: Order<'_>, done_bytes: u64) -> Result<(), FetchError> {
    let url = order.url.to_owned();
    let (found_bytes, expected_bytes) = (done_bytes, order.bytes);
    match found_bytes.cmp(&expected_bytes) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(FetchError::Truncated {
            url,
            found_bytes,
            expected_bytes,
        }),
        Ordering::Greater => Err(FetchError::OtherFile {
            url,
            found_bytes,
            expected_bytes,
        }),
    }
}

async fn length(path: &Path) -> u64 {
    tokio::fs::metadata(path)
        .await
        .map_or(0, |metadata| metadata.len())
}

fn write_error(path: &Path, error: &io::Error) -> FetchError {
    FetchError::Write {
        path: path.to_owned(),
        kind: error.kind(),
        why: error.to_string(),
    }
}

/// Whether a server that answers so may answer otherwise in a moment.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::AsyncReadExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::progress::{Display, Progress};
    use super::*;

    const CONTENT: &[u8] = b"0123456789abcdefghij";

    /// What the server on 127.0.0.1 does with a request.
    #[derive(Clone, Copy)]
    enum Answer {
        /// All of the content, whatever was asked for.
        All,
        /// What the range asks for.
        Range,
        /// As `Range`, but the connection ends after so many bytes.
        Broken(usize),
        /// This status and no content.
        Status(u16),
        /// A file of another size.
        Longer,
    }

    /// The number after `range: bytes=`.
    fn range_of(request: &str) -> Option<usize> {
        let request = request.to_ascii_lowercase();
        let value = request.split("range: bytes=").nth(1)?;
        value.split('-').next()?.parse().ok()
    }

    /// Answers one request, after noting the range that it asks for.
    async fn serve(mut wire: TcpStream, answer: Answer, asked: &Mutex<Vec<Option<usize>>>) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(wire.read_u8().await.unwrap());
        }
        let range = range_of(&String::from_utf8(request).unwrap());
        asked.lock().unwrap().push(range);
        let from = range.unwrap_or(0);
        let rest = &CONTENT[from..];
        let partial = if from > 0 { 206 } else { 200 };
        let (status, length, body) = match answer {
            Answer::All => (200, CONTENT.len(), CONTENT),
            Answer::Range => (partial, rest.len(), rest),
            Answer::Broken(after) => (partial, rest.len(), &rest[..after]),
            Answer::Status(status) => (status, 0, &[][..]),
            Answer::Longer => (200, 21, &[b'X'; 21][..]),
        };
        let head = format!(
            "HTTP/1.1 {status} .\r\ncontent-length: {length}\r\nconnection: close\r\n\
             content-range: bytes {from}-19/20\r\n\r\n"
        );
        wire.write_all(head.as_bytes()).await.unwrap();
        // A client that has seen enough may have hung up.
        let _ = wire.write_all(body).await;
        let _ = wire.shutdown().await;
    }

    /// Fetches with `had` bytes on disk from a server that gives `answers` one after the other,
    /// the last one for ever; gives the result, the file and the ranges asked for.
    async fn fetch(
        answers: &[Answer],
        had: &[u8],
    ) -> (Result<(), FetchError>, Vec<u8>, Vec<Option<usize>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.part");
        if !had.is_empty() {
            std::fs::write(&path, had).unwrap();
        }
        let fetcher = Fetcher {
            first_wait: Duration::ZERO,
            ..Fetcher::new().unwrap()
        };
        let meter = Progress::new(Display::Silent, 20).item("file", 20);
        let order = Order {
            url: &url,
            path: &path,
            bytes: 20,
        };
        let asked = Mutex::new(Vec::new());
        let server = async {
            for number in 0.. {
                let (wire, _) = listener.accept().await.unwrap();
                serve(wire, answers[number.min(answers.len() - 1)], &asked).await;
            }
        };
        let result = tokio::select! {
            result = fetcher.fetch(order, &meter) => result,
            () = server => unreachable!("the server serves for ever"),
        };
        let file = std::fs::read(&path).unwrap_or_default();
        (result, file, asked.into_inner().unwrap())
    }

    #[tokio::test]
    async fn an_earlier_download_is_continued() {
        let (result, file, asked) = fetch(&[Answer::Range], b"01234").await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(file, CONTENT);
        assert_eq!(asked, [Some(5)]);
    }

    #[tokio::test]
    async fn a_server_without_ranges_is_taken_from_the_start() {
        let (result, file, _) = fetch(&[Answer::All], b"XXXXX").await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(file, CONTENT);
    }

    #[tokio::test]
    async fn a_broken_connection_is_continued_where_it_broke() {
        let answers = [Answer::Broken(7), Answer::Broken(3), Answer::Range];
        let (result, file, asked) = fetch(&answers, b"").await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(file, CONTENT);
        assert_eq!(asked, [None, Some(7), Some(10)]);
    }

    #[tokio::test]
    async fn a_connection_that_always_breaks_is_given_up_and_what_came_is_kept() {
        let (result, file, asked) = fetch(&[Answer::Broken(4), Answer::Broken(0)], b"").await;
        assert!(
            matches!(result, Err(FetchError::Unreachable { .. })),
            "{result:?}"
        );
        assert_eq!(file, &CONTENT[..4]);
        assert_eq!(asked.len(), 5);
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_an_overload_is_not() {
        let (result, _, asked) = fetch(&[Answer::Status(403)], b"").await;
        let error = result.unwrap_err();
        assert!(error.to_string().contains("403"), "{error}");
        assert_eq!(asked.len(), 1);
        let (result, file, asked) = fetch(&[Answer::Status(503), Answer::Range], b"").await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!((file.as_slice(), asked.len()), (CONTENT, 2));
    }

    #[tokio::test]
    async fn a_file_of_another_size_is_refused_before_it_is_taken() {
        let (result, file, _) = fetch(&[Answer::Longer], b"").await;
        assert!(
            matches!(
                result,
                Err(FetchError::OtherFile {
                    found_bytes: 21,
                    ..
                })
            ),
            "{result:?}"
        );
        assert!(file.is_empty());
    }

    #[tokio::test]
    async fn nothing_is_asked_for_when_all_is_there_and_too_much_is_begun_again() {
        let (result, _, asked) = fetch(&[Answer::Status(500)], CONTENT).await;
        assert!(result.is_ok() && asked.is_empty());
        let (result, file, asked) = fetch(&[Answer::Range], &[b'X'; 30]).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!((file.as_slice(), asked), (CONTENT, vec![None]));
    }

    #[tokio::test]
    async fn nobody_at_the_address_ends_in_a_clear_message() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.part");
        let fetcher = Fetcher {
            first_wait: Duration::ZERO,
            ..Fetcher::new().unwrap()
        };
        let meter = Progress::new(Display::Silent, 20).item("file", 20);
        let order = Order {
            url: &url,
            path: &path,
            bytes: 20,
        };
        let error = fetcher.fetch(order, &meter).await.unwrap_err().to_string();
        assert!(
            error.contains("5 times") && error.contains("check the network"),
            "{error}"
        );
    }
}
