//! Recognition by one request for each utterance: its audio is kept from its onset on, and sent where
//! it pauses or ends. Positions are samples since the call began.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    EVENT_QUEUE, ProviderError, SttEvent, SttInput, SttRequest, SttStream, UtteranceId,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Failure, too_slow};

/// Before the onset, which may have been reported late.
const BEFORE_ONSET_MS: u64 = 200;
/// Audio that is kept while nobody speaks.
const KEPT_MS: u64 = 2_000;
/// Shorter sound holds no word, and servers refuse it.
const UTTERANCE_MIN_MS: u64 = 100;
/// Silence after a pause that is not sent again.
const SILENCE_MS: u64 = 1_000;
/// Answers that wait for the call.
const ANSWERS: usize = 4;

/// How long a request that failed may wait before it is made once more. A caller is waiting.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(300);

/// How a vendor is asked for the words of an utterance.
pub(crate) trait Transcriber: Send + Sync + 'static {
    /// Milliseconds of the longest utterance; what is said after it is not heard.
    const UTTERANCE_MAX_MS: u64;

    /// What errors call it.
    fn provider(&self) -> &str;

    /// From asking to the words of an utterance.
    fn limit(&self) -> Duration;

    /// Whether what was said so far is sent where the voice goes quiet, before it is certain that it
    /// stays so.
    fn asks_at_pauses(&self) -> bool;

    /// Asks once; empty where there are no words.
    fn ask(
        &self,
        request: &SttRequest,
        samples: &[i16],
    ) -> impl Future<Output = Result<String, Failure>> + Send;
}

/// Recognition of one call. Whether the server can be reached shows with the first utterance.
pub(crate) fn transcribe<Vendor: Transcriber>(
    vendor: Arc<Vendor>,
    request: SttRequest,
) -> SttStream {
    let (input, inputs) = mpsc::channel(EVENT_QUEUE);
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    let utterances = Utterances::new(vendor, request, sender.clone());
    tokio::spawn(async move {
        tokio::select! {
            // The call is over: dropping the utterances ends their requests.
            () = sender.closed() => {}
            () = utterances.run(inputs) => {}
        }
    });
    SttStream { input, events }
}

/// The words of `samples`. What fails in passing is asked once more where that is soon.
async fn transcribed<Vendor: Transcriber>(
    vendor: &Vendor,
    request: &SttRequest,
    samples: &[i16],
) -> Result<String, ProviderError> {
    let limit = vendor.limit();
    let asked = async {
        match vendor.ask(request, samples).await {
            Err(Failure {
                retry_after: Some(wait),
                ..
            }) if wait <= RETRY_WAIT_MAX => {
                sleep(wait).await;
                vendor.ask(request, samples).await
            }
            first => first,
        }
    };
    let answered = timeout(limit, asked).await;
    let answered = answered.map_err(|_| too_slow(vendor.provider(), limit))?;
    answered.map_err(|failure| failure.error)
}

/// The words of a request, by its number.
type Answer = (u64, Result<String, ProviderError>);

struct Utterances<Vendor> {
    vendor: Arc<Vendor>,
    request: SttRequest,
    events: mpsc::Sender<SttEvent>,
    samples: VecDeque<i16>,
    end: u64,
    current: Option<Utterance>,
    /// Utterances that are over, in order.
    owed: VecDeque<(UtteranceId, Asked)>,
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
    last_request: u64,
}

/// The utterance that is being spoken.
struct Utterance {
    id: UtteranceId,
    from: u64,
    /// What was asked at its last pause.
    asked: Option<Asked>,
}

/// A request. Dropping it ends it.
struct Asked {
    number: u64,
    until: u64,
    text: Option<String>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The call is over, or its recognition is.
struct Over;

impl<Vendor: Transcriber> Utterances<Vendor> {
    fn new(vendor: Arc<Vendor>, request: SttRequest, events: mpsc::Sender<SttEvent>) -> Self {
        Self {
            vendor,
            request,
            events,
            samples: VecDeque::new(),
            end: 0,
            current: None,
            owed: VecDeque::new(),
            answers: mpsc::channel(ANSWERS),
            last_request: 0,
        }
    }

    async fn run(mut self, mut inputs: mpsc::Receiver<SttInput>) {
        let mut is_open = true;
        while is_open || !self.owed.is_empty() {
            let done = tokio::select! {
                biased;
                Some(answer) = self.answers.1.recv() => self.take_answer(answer).await,
                input = inputs.recv(), if is_open => match input {
                    Some(input) => self.take_input(input).await,
                    None => {
                        is_open = false;
                        Ok(())
                    }
                },
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn samples_of(&self, ms: u64) -> u64 {
        ms * u64::from(self.request.rate.hz()) / 1_000
    }

    async fn take_input(&mut self, input: SttInput) -> Result<(), Over> {
        match input {
            SttInput::Audio(frame) => {
                self.keep(frame.samples());
                Ok(())
            }
            SttInput::UtteranceStarted {
                utterance,
                onset_ago_ms,
            } => {
                let back = self.samples_of(u64::from(onset_ago_ms) + BEFORE_ONSET_MS);
                self.current = Some(Utterance {
                    id: utterance,
                    from: self.end.saturating_sub(back),
                    asked: None,
                });
                Ok(())
            }
            SttInput::PauseSuspected { utterance } => {
                let asks = self.vendor.asks_at_pauses();
                let current = self.current.as_ref().filter(|it| it.id == utterance);
                if let Some(from) = current.map(|it| it.from).filter(|_| asks) {
                    let asked = self.asked(from);
                    if let Some(current) = &mut self.current {
                        current.asked = asked;
                    }
                }
                Ok(())
            }
            SttInput::Finalise { utterance, .. } => self.finalise(utterance).await,
        }
    }

    fn keep(&mut self, samples: &[i16]) {
        let (longest, idle) = (
            self.samples_of(Vendor::UTTERANCE_MAX_MS),
            self.samples_of(KEPT_MS),
        );
        if let Some(current) = &self.current
            && self.end.saturating_sub(current.from) > longest
        {
            return;
        }
        self.samples.extend(samples);
        self.end += samples.len() as u64;
        let idle_from = self.end.saturating_sub(idle);
        let wanted = self
            .current
            .as_ref()
            .map_or(idle_from, |it| it.from.min(idle_from));
        let start = self.end - self.samples.len() as u64;
        let excess = usize::try_from(wanted.saturating_sub(start)).unwrap_or(0);
        self.samples.drain(..excess.min(self.samples.len()));
    }

    async fn finalise(&mut self, id: UtteranceId) -> Result<(), Over> {
        let Some(utterance) = self.current.take_if(|it| it.id == id) else {
            return self.settle(id, String::new()).await;
        };
        let silence = self.samples_of(SILENCE_MS);
        let is_same = |asked: &Asked| asked.until + silence >= self.end;
        let asked = utterance.asked.filter(is_same);
        match asked.or_else(|| self.asked(utterance.from)) {
            Some(asked) => {
                self.owed.push_back((id, asked));
                self.give_known().await
            }
            None => self.settle(id, String::new()).await,
        }
    }

    /// Asks for the words from a position on; `None` where there can be none.
    fn asked(&mut self, from: u64) -> Option<Asked> {
        let start = self.end - self.samples.len() as u64;
        let skipped = usize::try_from(from.saturating_sub(start)).ok()?;
        let samples: Vec<i16> = self.samples.iter().skip(skipped).copied().collect();
        if (samples.len() as u64) < self.samples_of(BEFORE_ONSET_MS + UTTERANCE_MIN_MS) {
            return None;
        }
        self.last_request += 1;
        let number = self.last_request;
        let (vendor, request) = (self.vendor.clone(), self.request.clone());
        let answers = self.answers.0.clone();
        let task = tokio::spawn(async move {
            let words = transcribed(&*vendor, &request, &samples).await;
            // The call may be over.
            let _ = answers.send((number, words)).await;
        });
        Some(Asked {
            number,
            until: self.end,
            text: None,
            task: Some(task),
        })
    }

    async fn take_answer(&mut self, (number, words): Answer) -> Result<(), Over> {
        let is_it = |asked: &Asked| asked.number == number;
        if let Some((_, asked)) = self.owed.iter_mut().find(|(_, it)| is_it(it)) {
            match words {
                Ok(text) => asked.text = Some(text),
                Err(problem) => {
                    let _ = self.events.send(SttEvent::Failed(problem)).await;
                    return Err(Over);
                }
            }
            return self.give_known().await;
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let Some(asked) = current.asked.as_mut().filter(|it| is_it(it)) else {
            return Ok(());
        };
        match words {
            Ok(text) => {
                asked.text = Some(text.clone());
                let utterance = current.id;
                if !text.is_empty() {
                    // Dropped where the call does not take it in time.
                    let _ = self.events.try_send(SttEvent::Interim { utterance, text });
                }
            }
            // It is asked again at the end, where it matters.
            Err(_) => current.asked = None,
        }
        Ok(())
    }

    /// Gives the words of utterances that are over, in order.
    async fn give_known(&mut self) -> Result<(), Over> {
        while let Some(text) = self
            .owed
            .front_mut()
            .and_then(|(_, asked)| asked.text.take())
        {
            if let Some((id, _)) = self.owed.pop_front() {
                self.settle(id, text).await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, utterance: UtteranceId, text: String) -> Result<(), Over> {
        let settled = SttEvent::Final { utterance, text };
        self.events.send(settled).await.map_err(|_| Over)
    }
}
