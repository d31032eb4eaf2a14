//! How much of what is not the caller is taken out before the caller's speech is looked for.

/// What is taken out of the caller's audio before voice activity, interruptions and the end of a
/// turn are judged. Recognition always hears the audio as it came: it errs more on cleaned audio
/// than on noisy audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Denoising {
    /// Nothing.
    Off,
    /// Noise: traffic, fans, typing, babble; and speech of others that is clearly weaker than the
    /// caller's, in another voice.
    #[default]
    NoiseCancellation,
    /// Noise, and speech of others: people farther from the telephone, television.
    NoiseAndBackgroundSpeechCancellation,
}
