//! Server-sent events as chat models stream them. The crate that others use for this copies what it
//! has not read for each event, so that a burst costs its length squared; and it lets an event grow
//! without end.

use futures::stream::{BoxStream, Stream, StreamExt as _};
use reqwest::Response;

/// Bytes of one event at most.
const EVENT_BYTES_MAX: usize = 1 << 20;

type Chunk = Result<Vec<u8>, SseProblem>;

/// Why no further event comes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SseProblem {
    #[error("the connection broke: {0}")]
    Transport(reqwest::Error),
    #[error("an event is longer than {EVENT_BYTES_MAX} bytes")]
    TooLong,
    #[error("the stream is no text of events")]
    NoText,
}

/// The data of one event after the other.
pub(crate) struct SseEvents {
    chunks: BoxStream<'static, Chunk>,
    /// What came and was not read, from `read` on.
    buffer: Vec<u8>,
    read: usize,
    /// No line ends between `read` and here.
    searched: usize,
    /// What the event has so far; `None` before its first data.
    data: Option<Vec<u8>>,
}

impl SseEvents {
    pub(crate) fn of(response: Response) -> Self {
        Self::over(response.bytes_stream().map(|chunk| match chunk {
            Ok(chunk) => Ok(chunk.to_vec()),
            Err(problem) => Err(SseProblem::Transport(problem)),
        }))
    }

    fn over(chunks: impl Stream<Item = Chunk> + Send + 'static) -> Self {
        Self {
            chunks: chunks.boxed(),
            buffer: Vec::new(),
            read: 0,
            searched: 0,
            data: None,
        }
    }

    /// The data of the next event that has some; `None` where the server has said all. An event
    /// that the end of the stream cuts is not given.
    pub(crate) async fn next(&mut self) -> Option<Result<String, SseProblem>> {
        loop {
            while let Some(line) = self.line() {
                match self.take(line) {
                    Ok(None) => {}
                    Ok(Some(data)) => return Some(Ok(data)),
                    Err(problem) => return Some(Err(problem)),
                }
            }
            match self.chunks.next().await? {
                Ok(chunk) => {
                    self.buffer.drain(..self.read);
                    self.read = 0;
                    self.searched = self.buffer.len();
                    self.buffer.extend(chunk);
                }
                Err(problem) => return Some(Err(problem)),
            }
            if self.searched > EVENT_BYTES_MAX {
                return Some(Err(SseProblem::TooLong));
            }
        }
    }

    /// Where the next whole line is, without its end.
    fn line(&mut self) -> Option<std::ops::Range<usize>> {
        let rest = self.buffer.get(self.searched..)?;
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let (start, end) = (self.read, self.searched + length);
        self.read = end + 1;
        self.searched = self.read;
        let is_double = end > start && self.buffer.get(end - 1) == Some(&b'\r');
        Some(start..end - usize::from(is_double))
    }

    /// Reads a line; gives the event that it ends.
    fn take(&mut self, line: std::ops::Range<usize>) -> Result<Option<String>, SseProblem> {
        let line = self.buffer.get(line).unwrap_or_default();
        if line.is_empty() {
            let data = self.data.take();
            let text = data.map(|data| String::from_utf8(data).map_err(|_| SseProblem::NoText));
            return text.transpose();
        }
        if std::str::from_utf8(line).is_err() {
            return Err(SseProblem::NoText);
        }
        let Some(value) = line.strip_prefix(b"data:") else {
            return Ok(None);
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &mut self.data {
            None => self.data = Some(value.to_vec()),
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
        }
        match self
            .data
            .as_ref()
            .is_some_and(|it| it.len() > EVENT_BYTES_MAX)
        {
            true => Err(SseProblem::TooLong),
            false => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(chunks: Vec<Vec<u8>>) -> Vec<Result<String, String>> {
        let mut events = SseEvents::over(futures::stream::iter(chunks.into_iter().map(Ok)));
        let mut read = Vec::new();
        while let Some(event) = events.next().await {
            let is_last = event.is_err();
            read.push(event.map_err(|problem| problem.to_string()));
            if is_last {
                break;
            }
        }
        read
    }

    #[tokio::test]
    async fn letters_are_whole_wherever_the_network_cuts_them() {
        let text = "data: {\"a\":\"äöü€😀\"}\r\n\r\ndata: [DONE]\n\n".as_bytes();
        for at in 0..text.len() {
            let chunks = vec![text[..at].to_vec(), text[at..].to_vec()];
            let events = read(chunks).await;
            assert_eq!(events[0].as_deref(), Ok("{\"a\":\"äöü€😀\"}"), "{at}");
            assert_eq!(events[1].as_deref(), Ok("[DONE]"), "{at}");
        }
    }

    #[tokio::test]
    async fn comments_names_and_several_lines_are_read() {
        let text = ": ping\n\nevent: a\nid: 7\ndata: one\ndata:two\n\n\ndata\n\ndata: cut";
        let events = read(vec![text.as_bytes().to_vec()]).await;
        assert_eq!(events, [Ok("one\ntwo".to_owned())]);
    }

    #[tokio::test]
    async fn an_event_without_an_end_is_given_up_and_many_at_once_are_not() {
        let expected = Err(format!("an event is longer than {EVENT_BYTES_MAX} bytes"));
        let line = read(vec![vec![b'x'; 600_000]; 4]).await;
        assert_eq!(line, std::slice::from_ref(&expected));
        let lines = b"data: 0123456789\n".repeat(200_000);
        assert_eq!(read(vec![lines]).await, [expected]);
        let many = b"data: x\n\n".repeat(300_000);
        assert_eq!(read(vec![many]).await.len(), 300_000);
    }

    #[tokio::test]
    async fn bytes_that_are_no_text_are_an_error() {
        let events = read(vec![vec![b'd', 0xff, 0xfe, b'\n', b'\n']]).await;
        assert_eq!(events, [Err("the stream is no text of events".to_owned())]);
    }
}
