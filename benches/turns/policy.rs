//! By which policy turns are taken: the product's own at its three eagernesses, and the plain
//! baseline that everybody can build: voice activity and a fixed silence.

/// Fields of an agent document and their values.
pub(crate) type Changes = serde_json::Map<String, serde_json::Value>;

/// A way to take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Policy {
    /// The product at its defaults.
    Normal,
    /// The same, patient.
    Patient,
    /// The same, eager.
    Eager,
    /// The turn is over after so many milliseconds of silence, only then a reply is begun, and any
    /// speech stops the agent.
    Plain(u32),
}

impl Policy {
    /// What the frontier shows, in the order of its table.
    pub(crate) const FRONTIER: [Self; 6] = [
        Self::Patient,
        Self::Normal,
        Self::Eager,
        Self::Plain(1_000),
        Self::Plain(700),
        Self::Plain(500),
    ];

    /// The baseline that is shown beside the product in every section.
    pub(crate) const BASELINE: Self = Self::Plain(700);

    pub(crate) fn name(self) -> String {
        match self {
            Self::Normal => "normal".into(),
            Self::Patient => "patient".into(),
            Self::Eager => "eager".into(),
            Self::Plain(ms) => format!("VAD + {:.1} s", f64::from(ms) / 1_000.0),
        }
    }

    pub(crate) const fn is_plain(self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Whether the detector says how finished the caller sounds.
    pub(crate) const fn has_likelihoods(self) -> bool {
        !self.is_plain()
    }

    /// The agent as JSON: everything at its default but what the policy says. The caller speaks
    /// first, and silence is not reminded of, because nothing but turns is measured. `changes` are
    /// fields of the product's agents in place of their defaults.
    pub(crate) fn agent(self, changes: &Changes) -> String {
        let mut agent = serde_json::json!({
            "name": "bench",
            "prompt": "Be brief.",
            "silence": { "reprompt_after": null },
        });
        if !self.is_plain() {
            for (field, value) in changes {
                agent[field] = value.clone();
            }
        }
        match self {
            Self::Normal => {}
            Self::Patient => agent["eagerness"] = "patient".into(),
            Self::Eager => agent["eagerness"] = "eager".into(),
            Self::Plain(ms) => {
                let delay = format!("{ms}ms");
                agent["endpointing"] = serde_json::json!({
                    "delay_min": delay,
                    "delay_max": delay,
                    "adapts_to_caller": false,
                    "spelling_patience": "off",
                });
                agent["interruption_sensitivity"] = 1.0.into();
                agent["speculation"] = false.into();
                agent["denoising"] = "off".into();
                agent["echo_cancellation"] = "off".into();
            }
        }
        agent.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_agent::Agent;

    use super::*;

    #[test]
    fn every_policy_is_a_valid_agent() {
        for policy in Policy::FRONTIER {
            let agent = Agent::from_json(&policy.agent(&Changes::new())).unwrap();
            assert!(!agent.turn_policy().greets_first);
            assert_eq!(agent.turn_policy().no_input_timeout, None);
        }
    }

    #[test]
    fn changes_are_for_the_product_and_not_for_the_baseline() {
        let changes = serde_json::from_str(r#"{ "denoising": "off" }"#).unwrap();
        let changed = Policy::Patient.agent(&changes);
        assert!(changed.contains("\"denoising\":\"off\"") && changed.contains("patient"));
        let none = Changes::new();
        assert_eq!(
            Policy::Plain(500).agent(&changes),
            Policy::Plain(500).agent(&none)
        );
    }

    #[test]
    fn the_baseline_waits_the_same_always_and_stops_at_any_sound() {
        let agent = Agent::from_json(&Policy::Plain(700).agent(&Changes::new())).unwrap();
        let policy = agent.turn_policy();
        let thresholds = policy.endpoint_thresholds();
        assert_eq!(thresholds.delay_min, Duration::from_millis(700));
        assert_eq!(thresholds.delay_max, Duration::from_millis(700));
        assert!(!policy.adapts_to_caller);
        let interruption = policy.interruption_thresholds().unwrap();
        assert_eq!(interruption.speech_to_hold, Duration::ZERO);
    }
}
