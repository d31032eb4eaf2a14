//! What the operator allows: countries and prefixes, for all workspaces or for one, and how much.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Destination, NeverCalled};

/// Where calls may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    countries: BTreeSet<String>,
    prefixes: BTreeSet<String>,
}

/// The rules of calls out. Nothing may be called unless they allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TollRules {
    /// Where calls of every workspace may go that has no list of its own.
    pub allowed: Allowed,
    /// Where calls of one workspace may go, by the workspace's name.
    pub of_workspaces: BTreeMap<String, Allowed>,
    /// Calls out that a workspace may have at the same time.
    pub calls_max: u32,
    /// Calls that a workspace may place to one number in an hour.
    pub hourly_max: u32,
    /// The longest call out.
    pub duration_max: Duration,
    /// What calls cost, and how much they may.
    pub spending: Spending,
}

/// What calls cost, in millionths of whatever currency the operator counts in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spending {
    /// What a minute costs, by the beginning of the number; the longest counts.
    pub prices: BTreeMap<String, u64>,
    /// How much a workspace's calls may cost in a day; `None`: that is not counted.
    pub daily_max: Option<u64>,
    /// The same for one workspace, by its name.
    pub of_workspaces: BTreeMap<String, u64>,
}

impl Spending {
    /// What a minute with a number costs; `None` where no price is set for it.
    #[must_use]
    pub fn price(&self, number: &str) -> Option<u64> {
        let fitting = self.prices.iter().filter(|(it, _)| number.starts_with(*it));
        let longest = fitting.max_by_key(|(prefix, _)| prefix.len());
        longest.map(|(_, price)| *price)
    }

    /// How much the calls of a workspace of that name may cost in a day.
    #[must_use]
    pub fn daily_max(&self, workspace: &str) -> Option<u64> {
        let own = self.of_workspaces.get(workspace).copied();
        own.or(self.daily_max)
    }
}

/// An amount as people write it.
#[must_use]
pub fn amount(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let short = text.trim_end_matches('0');
    let digits = short.len().max(text.len() - 4);
    text[..digits].to_owned()
}

/// Why a number may not be called by a workspace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TollRefusal {
    /// No list makes a difference.
    #[error("{0}")]
    Never(#[from] NeverCalled),
    /// Its country and its prefix are not allowed.
    #[error(
        "calls to {place} are not allowed: {setting} in offhook.toml lists the countries and prefixes \
         that may be called"
    )]
    NotAllowed {
        /// The country.
        place: String,
        /// The setting that would allow it.
        setting: String,
    },
}

impl Default for TollRules {
    fn default() -> Self {
        Self {
            allowed: Allowed::default(),
            of_workspaces: BTreeMap::new(),
            calls_max: 10,
            hourly_max: 3,
            duration_max: Duration::from_secs(3_600),
            spending: Spending::default(),
        }
    }
}

impl Allowed {
    /// Reads a list of countries by ISO 3166, such as `US`, and prefixes of numbers, such as `+4930`.
    ///
    /// # Errors
    /// What is neither, each with its place in the list.
    pub fn read(entries: &[String]) -> Result<Self, Vec<(usize, String)>> {
        let mut allowed = Self::default();
        let mut problems = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let digits = entry.strip_prefix('+');
            let is_prefix = |digits: &str| {
                let is_short = (1..=15).contains(&digits.len());
                is_short && digits.bytes().all(|it| it.is_ascii_digit()) && !digits.starts_with('0')
            };
            if digits.is_some_and(is_prefix) {
                allowed.prefixes.insert(entry.clone());
            } else if is_country(entry) {
                allowed.countries.insert(entry.clone());
            } else {
                let problem = "is no country such as \"US\" and no prefix such as \"+4930\"";
                problems.push((at, format!("\"{entry}\" {problem}")));
            }
        }
        match problems.is_empty() {
            true => Ok(allowed),
            false => Err(problems),
        }
    }

    fn has(&self, destination: &Destination) -> bool {
        let number = destination.number.as_str();
        self.countries.contains(&destination.country)
            || self.prefixes.iter().any(|it| number.starts_with(it))
    }
}

/// Whether it is a country or a territory by ISO 3166, in capitals.
fn is_country(code: &str) -> bool {
    let is_written_so = code.len() == 2 && code.bytes().all(|it| it.is_ascii_uppercase());
    is_written_so && phonelib::country_by_code(code).is_some()
}

impl TollRules {
    /// Whether a workspace of that name may call a number.
    ///
    /// # Errors
    /// [`TollRefusal`] where it may not.
    pub fn check(&self, workspace: &str, number: &str) -> Result<Destination, TollRefusal> {
        let destination = Destination::read(number)?;
        let (allowed, setting) = match self.of_workspaces.get(workspace) {
            Some(own) => (own, format!("telephony.workspaces.{workspace}.allow")),
            None => (&self.allowed, "telephony.allow".to_owned()),
        };
        if allowed.has(&destination) {
            return Ok(destination);
        }
        let place = destination.country;
        Err(TollRefusal::NotAllowed { place, setting })
    }

    /// How long a call may last that wants to last so long.
    #[must_use]
    pub fn duration(&self, wanted: Option<Duration>) -> Duration {
        wanted.map_or(self.duration_max, |it| it.min(self.duration_max))
    }
}
