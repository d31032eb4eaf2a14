//! Fillers among the speech of a reply: what the ear hears of the two, and when it hears neither.

use offhook_contract::SpeechAudio;
use offhook_media::PlayoutSegment;

use super::Mouth;

/// What of a reply is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Sound {
    /// Its own speech.
    Speech,
    /// A filler.
    Filler,
}

/// Which of the two the frames of one reply hold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sounds {
    /// Samples of the reply's timeline that were pushed.
    pushed: u64,
    /// The newest filler's place on it.
    filler_start: u64,
    filler_end: u64,
    heard: Option<Sound>,
    /// Nothing has come after the filler yet.
    is_after_filler: bool,
}

impl Sounds {
    pub(super) fn pushed(&mut self, samples: usize) {
        self.pushed += samples as u64;
    }

    /// A frame went out that ends at `position`: gives what begins with it.
    pub(super) fn sent(&mut self, position: u64) -> Option<Sound> {
        let is_filler = position > self.filler_start && position <= self.filler_end;
        let sound = if is_filler {
            Sound::Filler
        } else {
            Sound::Speech
        };
        self.is_after_filler = false;
        (self.heard.replace(sound) != Some(sound)).then_some(sound)
    }

    /// Whether something was heard to which nothing was added since.
    pub(super) fn is_heard(&self) -> bool {
        self.heard.is_some()
    }

    /// All was heard.
    pub(super) fn ran_dry(&mut self) {
        self.is_after_filler = self.heard.take() == Some(Sound::Filler);
    }

    /// Whether the silence is the one after a filler, which is none of the reply's own.
    pub(super) fn is_after_filler(&self) -> bool {
        self.is_after_filler
    }
}

impl Mouth {
    /// Whether nothing of the reply is heard, or waits to be: the moment for a filler.
    pub(in super::super) fn may_bridge(&self) -> bool {
        self.speaking
            .as_ref()
            .is_some_and(|speaking| !speaking.sounds.is_heard())
            && !self.playout.is_held()
            && !self.playout.has_frame()
    }

    /// Adds all the speech of a filler to the reply, whose text with it is `text`.
    pub(in super::super) fn push_filler(&mut self, audio: &[SpeechAudio], text: &str) {
        let Some(speaking) = &self.speaking else {
            return;
        };
        let (turn, start) = (speaking.turn, speaking.sounds.pushed);
        for part in audio {
            self.push(part, text);
        }
        self.end_piece(turn);
        let Some(speaking) = &self.speaking else {
            return;
        };
        // The reply's own speech begins with a frame of its own.
        let frame = self.rate.frame_samples();
        let rest = (speaking.sounds.pushed % frame as u64) as usize;
        if rest > 0 {
            let silence = PlayoutSegment {
                samples: vec![0; frame - rest],
                text: String::new(),
                text_start: audio.last().map_or(0, |part| part.span.end),
                words: Vec::new(),
            };
            self.play(turn, silence);
        }
        if let Some(speaking) = &mut self.speaking {
            speaking.sounds.filler_start = start;
            speaking.sounds.filler_end = speaking.sounds.pushed;
        }
    }
}
