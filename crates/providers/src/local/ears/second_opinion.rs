//! Voice activity in cleaned audio, as a check on voice activity in the audio as it came: only what
//! both call speech is speech. The louder voice stays, babble and distant talkers go.
//!
//! It adds no delay to the end of speech, which either of the two may find, and one window to its
//! beginning. While nothing sounds like speech the denoiser sleeps.

use std::sync::Arc;

use offhook_contract::ProviderError;

use super::vad::{SileroMemory, SileroModel, VAD_WINDOW};
use crate::local::denoise::{DENOISER_HOP, Denoiser, DenoiserMemory};

/// A window above this may be speech: the denoiser has to look.
const WAKING: f32 = 0.1;
/// Windows below it in a row after which the denoiser sleeps: 0.5 s.
const SLEEP_WINDOWS: u32 = 16;
/// Windows before the one that woke it that it hears too.
const LEAD_WINDOWS: usize = 4;

/// One call's cleaned audio and what was heard in it.
#[derive(Debug)]
pub(super) struct SecondOpinion {
    denoiser: Arc<Denoiser>,
    memory: DenoiserMemory,
    vad: SileroMemory,
    /// The newest windows as they came, the newest last.
    recent: [[f32; VAD_WINDOW]; LEAD_WINDOWS],
    quiet_windows: u32,
    /// What the window before was thought to be.
    before: f32,
}

impl SecondOpinion {
    pub(super) fn new(denoiser: Arc<Denoiser>) -> Self {
        Self {
            memory: denoiser.memory(),
            denoiser,
            vad: SileroMemory::default(),
            recent: [[0.0; VAD_WINDOW]; LEAD_WINDOWS],
            quiet_windows: SLEEP_WINDOWS,
            before: 0.0,
        }
    }

    /// The probability of speech in the next window, which sounded like `first` as it came. Up to
    /// 1 ms of CPU while awake, 5 ms where the denoiser wakes.
    ///
    /// # Errors
    /// [`ProviderError`] where a model fails to run.
    pub(super) fn of(
        &mut self,
        vad: &SileroModel,
        window: &[f32; VAD_WINDOW],
        first: f32,
    ) -> Result<f32, ProviderError> {
        let was_asleep = self.quiet_windows >= SLEEP_WINDOWS;
        self.quiet_windows = if first >= WAKING {
            0
        } else {
            self.quiet_windows.saturating_add(1)
        };
        if self.quiet_windows >= SLEEP_WINDOWS {
            self.remember(window);
            self.before = 0.0;
            return Ok(first);
        }
        if was_asleep {
            for mut window in self.recent {
                self.hear(vad, &mut window)?;
            }
        }
        let mut cleaned = *window;
        let heard = self.hear(vad, &mut cleaned)?;
        self.remember(window);
        let before = std::mem::replace(&mut self.before, heard);
        Ok(first.min(heard.max(before)))
    }

    fn hear(
        &mut self,
        vad: &SileroModel,
        window: &mut [f32; VAD_WINDOW],
    ) -> Result<f32, ProviderError> {
        let (hops, _) = window.as_chunks_mut::<DENOISER_HOP>();
        for hop in hops {
            self.denoiser.clean(&mut self.memory, hop)?;
        }
        vad.probability(&mut self.vad, window)
    }

    fn remember(&mut self, window: &[f32; VAD_WINDOW]) {
        self.recent.rotate_left(1);
        self.recent[LEAD_WINDOWS - 1] = *window;
    }
}
