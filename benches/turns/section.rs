//! The sections of the corpus: what each tries, and how large it is.

/// A part of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Finished questions and statements.
    Questions,
    /// The same in noisy rooms.
    Noisy,
    /// Pauses inside sentences.
    Pauses,
    /// The caller takes the floor while the agent speaks.
    Interruptions,
    /// Both begin at the same time.
    CrossTalk,
    /// The caller shows that they listen.
    Backchannels,
    /// Coughs and the like.
    Tics,
    /// Speech that is not for the agent.
    Asides,
    /// Noisy rooms without the caller's speech.
    Noise,
    /// The caller's telephone sends the agent's voice back.
    Echo,
    /// The caller takes the floor on such a telephone.
    DoubleTalk,
}

impl Section {
    pub(crate) const ALL: [Self; 11] = [
        Self::Questions,
        Self::Noisy,
        Self::Pauses,
        Self::Interruptions,
        Self::CrossTalk,
        Self::Backchannels,
        Self::Tics,
        Self::Asides,
        Self::Noise,
        Self::Echo,
        Self::DoubleTalk,
    ];

    /// What the frontier of cut-ins against latency is measured on.
    pub(crate) const FRONTIER: [Self; 2] = [Self::Questions, Self::Pauses];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Questions => "questions",
            Self::Noisy => "noisy",
            Self::Pauses => "pauses",
            Self::Interruptions => "interruptions",
            Self::CrossTalk => "cross-talk",
            Self::Backchannels => "backchannels",
            Self::Tics => "tics",
            Self::Asides => "asides",
            Self::Noise => "noise",
            Self::Echo => "echo",
            Self::DoubleTalk => "double-talk",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// Calls, and episodes in each.
    pub(crate) const fn size(self, is_quick: bool) -> (usize, usize) {
        match (self, is_quick) {
            (Self::Questions, false) => (8, 8),
            (Self::Noisy | Self::Interruptions, false) => (6, 7),
            (Self::Pauses, false) => (10, 9),
            (Self::CrossTalk, false) => (2, 8),
            (Self::Backchannels, false) => (6, 9),
            (Self::Tics | Self::Asides, false) => (5, 8),
            (Self::Noise, false) => (6, 6),
            (Self::Echo, false) => (2, 10),
            (Self::DoubleTalk, false) => (2, 4),
            (Self::Questions | Self::Pauses, true) => (2, 4),
            (Self::Backchannels, true) => (2, 3),
            (Self::Noise, true) => (1, 6),
            (Self::Echo, true) => (1, 3),
            (Self::Interruptions | Self::Tics | Self::Asides, true) => (2, 2),
            (Self::Noisy, true) => (3, 1),
            (Self::CrossTalk | Self::DoubleTalk, true) => (1, 2),
        }
    }

    /// Whether its calls begin with a question that counts for no figure, so that the agent knows
    /// how loud the caller is before anything else is heard.
    pub(crate) const fn opens_with_question(self) -> bool {
        !matches!(
            self,
            Self::Questions | Self::Noisy | Self::Pauses | Self::Echo
        )
    }

    /// Calls of the section that every policy of the frontier takes: half of them.
    pub(crate) const fn frontier_calls(self, is_quick: bool) -> usize {
        self.size(is_quick).0.div_ceil(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_a_name_of_its_own_and_a_size() {
        for section in Section::ALL {
            assert_eq!(Section::by_name(section.name()), Some(section));
            for is_quick in [true, false] {
                let (calls, episodes) = section.size(is_quick);
                assert!(calls > 0 && episodes > 0);
                assert!(section.frontier_calls(is_quick) <= calls);
            }
        }
        assert_eq!(Section::by_name("weather"), None);
    }
}
