//! What is heard around the voice: the bed of the call, and the sound of a tool at work.

use std::time::Duration;

use offhook_media::{LoopPlayer, Mixer, SoundLoop};

/// Amplitude of a bed at volume 1: −18 dB, which brings it to −48 dBFS. Speech is about 25 dB
/// louder.
const BED_LEVEL: f32 = 0.126;

/// The share of a bed's level that is left under speech: −8 dB.
const DUCKED: f32 = 0.4;

/// Amplitude of the sound of a tool: −6 dB, which brings it to −36 dBFS.
const TOOL_LEVEL: f32 = 0.5;

/// Amplitude of what is heard on hold: +4 dB, which brings it to −26 dBFS.
const HOLD_LEVEL: f32 = 1.6;

/// How fast a bed makes room for speech.
const DUCKING: Duration = Duration::from_millis(80);

/// How fast sound comes up: a bed after speech, a tool that starts.
const RISING: Duration = Duration::from_millis(200);

/// How fast the sound of a tool ends, or makes room for speech.
const FALLING: Duration = Duration::from_millis(120);

/// A bed and how loud it is: 1 is quiet, 2 twice the amplitude.
#[derive(Debug, Clone)]
pub(in crate::session) struct BedChoice {
    pub(in crate::session) sound: SoundLoop,
    pub(in crate::session) volume: f32,
}

/// The sound of a tool at work.
#[derive(Debug, Clone)]
pub(in crate::session) struct ToolSoundChoice {
    pub(in crate::session) sound: SoundLoop,
    /// Also where the agent has said nothing before the tool.
    pub(in crate::session) is_always_heard: bool,
}

#[derive(Debug)]
pub(super) struct Surroundings {
    bed: Option<Bed>,
    tool: Option<Tool>,
    hold: Option<Hold>,
}

/// What is heard on hold, in place of everything around the voice.
#[derive(Debug)]
struct Hold {
    player: LoopPlayer,
    is_over: bool,
}

#[derive(Debug)]
struct Bed {
    player: LoopPlayer,
    level: f32,
}

#[derive(Debug)]
struct Tool {
    player: LoopPlayer,
    is_always_heard: bool,
    is_running: bool,
}

impl Surroundings {
    pub(super) fn new(bed: Option<BedChoice>, tool: Option<ToolSoundChoice>) -> Self {
        Self {
            bed: bed.map(|bed| Bed {
                player: LoopPlayer::new(bed.sound),
                level: BED_LEVEL * bed.volume,
            }),
            tool: tool.map(|tool| Tool {
                player: LoopPlayer::new(tool.sound),
                is_always_heard: tool.is_always_heard,
                is_running: false,
            }),
            hold: None,
        }
    }

    /// Another agent's surroundings are heard from now on; who is on hold hears the same.
    pub(super) fn succeed(&mut self, bed: Option<BedChoice>, tool: Option<ToolSoundChoice>) {
        *self = Self {
            hold: self.hold.take(),
            ..Self::new(bed, tool)
        };
    }

    /// The caller hears this on hold, or is on hold no more.
    pub(super) fn hold(&mut self, sound: Option<SoundLoop>) {
        match (sound, &mut self.hold) {
            (Some(sound), hold) => {
                *hold = Some(Hold {
                    player: LoopPlayer::new(sound),
                    is_over: false,
                });
            }
            (None, Some(hold)) => hold.is_over = true,
            (None, None) => {}
        }
    }

    /// A tool begins or ends; `has_spoken`: the agent said something before it.
    pub(super) fn tool_runs(&mut self, is_running: bool, has_spoken: bool) {
        if let Some(tool) = &mut self.tool {
            let is_running = is_running && (has_spoken || tool.is_always_heard);
            if is_running && tool.player.is_silent() {
                tool.player.restart();
            }
            tool.is_running = is_running;
        }
    }

    /// Whether there is something to send, even if nobody speaks.
    pub(super) fn has_sound(&self) -> bool {
        let is_tool_heard = |tool: &Tool| tool.is_running || !tool.player.is_silent();
        let is_heard = self.bed.is_some() || self.hold.is_some();
        is_heard || self.tool.as_ref().is_some_and(is_tool_heard)
    }

    /// Adds its share of the next frame, in which a voice `is_speaking` or not.
    pub(super) fn add_to(&mut self, mixer: &mut Mixer, is_speaking: bool) {
        let is_on_hold = self.hold.as_ref().is_some_and(|hold| !hold.is_over);
        if let Some(hold) = &mut self.hold {
            match (hold.is_over, is_speaking) {
                (true, _) => hold.player.move_to(0.0, FALLING),
                (false, true) => hold.player.move_to(HOLD_LEVEL * DUCKED, DUCKING),
                (false, false) => hold.player.move_to(HOLD_LEVEL, RISING),
            }
            mixer.add(hold.player.next_frame().samples());
        }
        self.hold
            .take_if(|hold| hold.is_over && hold.player.is_silent());
        if let Some(bed) = &mut self.bed {
            if is_on_hold {
                bed.player.move_to(0.0, DUCKING);
            } else if is_speaking {
                bed.player.move_to(bed.level * DUCKED, DUCKING);
            } else {
                bed.player.move_to(bed.level, RISING);
            }
            mixer.add(bed.player.next_frame().samples());
        }
        if let Some(tool) = &mut self.tool {
            if tool.is_running && !is_speaking && !is_on_hold {
                tool.player.move_to(TOOL_LEVEL, RISING);
            } else {
                tool.player.move_to(0.0, FALLING);
            }
            if !tool.player.is_silent() {
                mixer.add(tool.player.next_frame().samples());
            }
        }
    }

    /// The newest `unheard` samples of what was sent were taken back.
    pub(super) fn rewind(&mut self, unheard: u64) {
        if let Some(bed) = &mut self.bed {
            bed.player.rewind(unheard);
        }
        if let Some(hold) = &mut self.hold {
            hold.player.rewind(unheard);
        }
        if let Some(tool) = self.tool.as_mut().filter(|tool| !tool.player.is_silent()) {
            tool.player.rewind(unheard);
        }
    }
}
