//! A reply on its way to the session. Never blocks the thread that writes it: while the session
//! is busy, text gathers and goes out in one piece later.

use offhook_contract::{ChatEvent, ChatReply, EVENT_QUEUE, ProviderError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, OwnedPermit, Sender};

use super::load_error::unavailable;

/// The writing end of a [`ChatReply`].
#[derive(Debug)]
pub(super) struct Outgoing {
    events: Sender<ChatEvent>,
    /// Places for the last text and for the end, kept free from the start.
    reserved: Option<(OwnedPermit<ChatEvent>, OwnedPermit<ChatEvent>)>,
    waiting: String,
}

/// A reply's two ends.
pub(super) fn outgoing() -> (Outgoing, ChatReply) {
    let (events, reply) = mpsc::channel(EVENT_QUEUE);
    let place = || events.clone().try_reserve_owned().ok();
    let reserved = place().zip(place());
    (
        Outgoing {
            events,
            reserved,
            waiting: String::new(),
        },
        reply,
    )
}

impl Outgoing {
    /// Whether nobody listens any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.events.is_closed()
    }

    /// Sends `text`, now or with the next.
    pub(super) fn say(&mut self, text: &str) {
        self.waiting.push_str(text);
        if self.waiting.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.waiting);
        if let Err(TrySendError::Full(ChatEvent::Text(text))) =
            self.events.try_send(ChatEvent::Text(text))
        {
            self.waiting = text;
        }
    }

    /// Sends what still waits, and the end.
    pub(super) fn finish(&mut self, end: ChatEvent) {
        let Some((for_text, for_end)) = self.reserved.take() else {
            return;
        };
        if !self.waiting.is_empty() {
            for_text.send(ChatEvent::Text(std::mem::take(&mut self.waiting)));
        }
        for_end.send(end);
    }

    /// Sends that the reply cannot be completed.
    pub(super) fn fail(&mut self, error: ProviderError) {
        self.finish(ChatEvent::Failed(error));
    }
}

impl Drop for Outgoing {
    /// No reply ends without saying so, whatever became of its writer.
    fn drop(&mut self) {
        self.fail(unavailable(
            "the reply was given up for another, or the model has stopped",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: ChatEvent = ChatEvent::Finished {
        prompt_tokens_read: 1,
        reply_tokens: 2,
        is_cut: false,
    };

    fn all(mut reply: ChatReply) -> Vec<ChatEvent> {
        std::iter::from_fn(|| reply.try_recv().ok()).collect()
    }

    #[test]
    fn text_and_end_arrive_in_order() {
        let (mut outgoing, reply) = outgoing();
        outgoing.say("Yes, ");
        outgoing.say("");
        outgoing.say("we are.");
        outgoing.finish(END);
        let text = |text: &str| ChatEvent::Text(text.to_owned());
        assert_eq!(all(reply), [text("Yes, "), text("we are."), END]);
    }

    #[test]
    fn nothing_is_lost_and_nothing_blocks_while_nobody_reads() {
        let (mut outgoing, reply) = outgoing();
        let words: Vec<String> = (0..200).map(|index| format!("{index} ")).collect();
        for word in &words {
            outgoing.say(word);
        }
        outgoing.finish(END);
        let events = all(reply);
        assert_eq!(events.len(), EVENT_QUEUE);
        assert_eq!(events.last(), Some(&END));
        let said: String = events
            .iter()
            .filter_map(|event| match event {
                ChatEvent::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(said, words.concat());
    }

    #[test]
    fn a_reply_that_is_given_up_says_so() {
        let (mut outgoing, reply) = outgoing();
        outgoing.say("Yes");
        drop(outgoing);
        let events = all(reply);
        assert!(
            matches!(events[..], [ChatEvent::Text(_), ChatEvent::Failed(_)]),
            "{events:?}"
        );
    }

    #[test]
    fn a_dropped_reply_is_cancelled() {
        let (mut outgoing, reply) = outgoing();
        assert!(!outgoing.is_cancelled());
        drop(reply);
        assert!(outgoing.is_cancelled());
        outgoing.say("nobody hears");
        outgoing.finish(END);
    }
}
