//! A long call as its facts: turns with a growing transcript, a thinking pause, "mhm" and a cough
//! over the reply, and an interruption. Recorded once against a turn manager, so that the replies
//! have the ids that it gives.

use std::time::Duration;

use offhook_turn_taking::{
    Command, Fact, HeardText, Instant, TurnId, TurnManager, TurnPolicy, UtteranceId,
};

/// The facts of a call of so many rounds, each with its moment.
pub(crate) fn facts(rounds: u32) -> Vec<(Instant, Fact)> {
    let policy = policy();
    let Ok(manager) = TurnManager::new(policy) else {
        return Vec::new();
    };
    let mut recording = Recording {
        manager,
        now: Instant::START,
        utterance: UtteranceId(0),
        live: TurnId(0),
        facts: Vec::new(),
    };
    recording.hand(0, Fact::CallAnswered);
    for _ in 0..rounds {
        recording.round();
    }
    recording.facts
}

/// The policy of the call.
pub(crate) fn policy() -> TurnPolicy {
    TurnPolicy {
        greets_first: false,
        call_duration_max: Duration::from_secs(86_400),
        ..TurnPolicy::default()
    }
}

struct Recording {
    manager: TurnManager,
    now: Instant,
    utterance: UtteranceId,
    live: TurnId,
    facts: Vec<(Instant, Fact)>,
}

impl Recording {
    fn round(&mut self) {
        self.speak("I would like to book a table for four people", 0.1, 900);
        self.speak("on Friday evening at half past seven please", 0.9, 700);
        self.hear_reply(6);
        self.speak("mm-hmm", 0.5, 300);
        self.hear_reply(4);
        self.speak("", 0.5, 300);
        self.hear_reply(4);
        self.speak("no sorry make that five people if you can", 0.9, 700);
        let (turn, heard) = (self.live, HeardText::Known("a table for four".to_owned()));
        self.hand(10, Fact::ReplyCancelled { turn, heard });
        self.hear_reply(8);
        let turn = self.live;
        self.hand(200, Fact::PlayoutFinished { turn });
        self.hand(400, Fact::UserActivity);
    }

    /// One utterance, word by word, and silence after it.
    fn speak(&mut self, text: &str, likelihood: f32, silence_ms: u64) {
        self.utterance = self.utterance.next();
        let utterance = self.utterance;
        let onset_ago = Duration::from_millis(60);
        self.hand(
            100,
            Fact::SpeechStarted {
                utterance,
                onset_ago,
            },
        );
        let ends = text.match_indices(' ').map(|(at, _)| at);
        for end in ends.chain([text.len()]) {
            self.listen(160, 0.9);
            let text = text[..end].to_owned();
            self.hand(40, Fact::TranscriptInterim { utterance, text });
        }
        self.listen(200, 0.1);
        let silence = Duration::from_millis(200);
        self.hand(0, Fact::SpeechStopped { utterance, silence });
        self.hand(
            40,
            Fact::EndOfTurnLikelihood {
                utterance,
                likelihood,
            },
        );
        let text = text.to_owned();
        self.hand(60, Fact::TranscriptFinal { utterance, text });
        self.listen(silence_ms, 0.0);
    }

    /// The reply speaks for so many seconds more.
    fn hear_reply(&mut self, seconds: u64) {
        let turn = self.live;
        self.hand(200, Fact::ReplyToken { turn });
        self.hand(100, Fact::PlayoutStarted { turn });
        for second in 1..=seconds {
            self.listen(1_000, 0.0);
            let heard = Duration::from_secs(second);
            self.hand(0, Fact::PlayoutProgress { turn, heard });
        }
        self.hand(0, Fact::ReplyReady { turn });
    }

    /// Voice activity, every 32 ms.
    fn listen(&mut self, millis: u64, probability: f32) {
        for _ in 0..millis / 32 {
            self.hand(32, Fact::SpeechProbability { probability });
        }
    }

    fn hand(&mut self, after_ms: u64, fact: Fact) {
        self.now = self.now + Duration::from_millis(after_ms);
        self.manager.handle(&fact, self.now);
        while let Some(decision) = self.manager.poll() {
            if let Command::CommitReply { turn } = decision.command {
                self.live = turn;
            }
        }
        self.facts.push((self.now, fact));
    }
}
