//! `[telephony]`: what agents may call, and how much.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use offhook_api::toll::{Allowed, Spending, TollRules};
use offhook_api::{CallingCalendar, CallingHours, CallingTimes};
use offhook_carriers::{Audio, Carrier};
use serde::Deserialize;

use super::Problems;

/// The longest that a call may ring: no carrier lets it ring longer.
const RING_MAX: Duration = Duration::from_secs(120);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TelephonyDocument {
    allow: Vec<String>,
    carrier: Option<String>,
    calls_max: u32,
    hourly_max: u32,
    duration_max: String,
    ring_max: String,
    machine_detection: bool,
    calling_hours: Vec<String>,
    time_zone: String,
    spending_max: Option<f64>,
    prices: BTreeMap<String, f64>,
    audio: BTreeMap<String, String>,
    workspaces: BTreeMap<String, WorkspaceDocument>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WorkspaceDocument {
    allow: Option<Vec<String>>,
    calling_hours: Option<Vec<String>>,
    time_zone: Option<String>,
    spending_max: Option<f64>,
}

/// How calls are placed.
#[derive(Debug, Clone)]
pub(crate) struct TelephonySettings {
    /// The carrier of numbers that do not say theirs.
    pub(crate) carrier: Option<Carrier>,
    pub(crate) rules: TollRules,
    pub(crate) ring_max: Duration,
    pub(crate) detects_machines: bool,
    /// When people may be called who were promised a call.
    pub(crate) times: CallingCalendar,
    /// What streams are asked for, where that is not what each carrier has first.
    audio: HashMap<Carrier, Audio>,
}

impl TelephonySettings {
    /// The audio that streams of a carrier are asked for.
    pub(crate) fn audio(&self, carrier: Carrier) -> Audio {
        let wished = self.audio.get(&carrier).copied();
        wished
            .or(carrier.audio().first().copied())
            .unwrap_or(Audio::Pcmu)
    }
}

impl Default for TelephonyDocument {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            carrier: None,
            calls_max: 10,
            hourly_max: 3,
            duration_max: "1h".into(),
            ring_max: "40s".into(),
            machine_detection: false,
            calling_hours: vec!["Mon-Sun 08:00-21:00".into()],
            time_zone: "UTC".into(),
            spending_max: None,
            prices: BTreeMap::new(),
            audio: BTreeMap::new(),
            workspaces: BTreeMap::new(),
        }
    }
}

impl TelephonyDocument {
    pub(super) fn read(&self, problems: &mut Problems) -> TelephonySettings {
        let mut allowed = |path: &str, entries: &[String]| {
            Allowed::read(entries).unwrap_or_else(|wrong| {
                let wrong = wrong.into_iter();
                let named = wrong.map(|(at, problem)| format!("{path}[{at}]: {problem}"));
                problems.0.extend(named);
                Allowed::default()
            })
        };
        let of_all = allowed("telephony.allow", &self.allow);
        let of_workspaces = self.workspaces.iter().filter_map(|(name, own)| {
            let path = format!("telephony.workspaces.{name}.allow");
            Some((name.clone(), allowed(&path, own.allow.as_ref()?)))
        });
        let of_workspaces = of_workspaces.collect();
        let duration_max = problems.duration("telephony.duration_max", &self.duration_max);
        let ring_max = problems.duration("telephony.ring_max", &self.ring_max);
        if ring_max > RING_MAX {
            let problem = "telephony.ring_max: carriers let a call ring for 120 s at most";
            problems.0.push(problem.to_owned());
        }
        let carrier = self.carrier.as_deref().and_then(|name| {
            let found = Carrier::named(name);
            if found.is_none() {
                let names = Carrier::ALL.map(Carrier::name).join(", ");
                let problem = format!("telephony.carrier: \"{name}\" is none of {names}");
                problems.0.push(problem);
            }
            found
        });
        TelephonySettings {
            carrier,
            rules: TollRules {
                allowed: of_all,
                of_workspaces,
                calls_max: self.calls_max,
                hourly_max: self.hourly_max,
                duration_max,
                spending: self.spending(problems),
            },
            ring_max,
            detects_machines: self.machine_detection,
            times: self.calendar(problems),
            audio: self.wishes(problems),
        }
    }

    fn spending(&self, problems: &mut Problems) -> Spending {
        let mut prices = BTreeMap::new();
        for (prefix, price) in &self.prices {
            let path = format!("telephony.prices.{prefix}");
            let digits = prefix.strip_prefix('+').filter(|it| it.len() <= 15);
            if digits.is_none_or(|it| !it.bytes().all(|it| it.is_ascii_digit())) {
                let problem = "it is no beginning of a number such as \"+1\", nor \"+\" for all";
                problems.0.push(format!("{path}: {problem}"));
            } else if let Some(price) = micros(&path, *price, problems) {
                prices.insert(prefix.clone(), price);
            }
        }
        let most = |path: &str, most: Option<f64>, problems: &mut Problems| {
            most.and_then(|most| micros(path, most, problems))
        };
        let of_workspaces = self.workspaces.iter().filter_map(|(name, own)| {
            let path = format!("telephony.workspaces.{name}.spending_max");
            Some((name.clone(), most(&path, own.spending_max, problems)?))
        });
        Spending {
            of_workspaces: of_workspaces.collect(),
            daily_max: most("telephony.spending_max", self.spending_max, problems),
            prices,
        }
    }

    fn wishes(&self, problems: &mut Problems) -> HashMap<Carrier, Audio> {
        let mut wishes = HashMap::new();
        for (name, audio) in &self.audio {
            let path = format!("telephony.audio.{name}");
            let has_some = |it: &Carrier| !it.audio().is_empty();
            let Some(carrier) = Carrier::named(name).filter(has_some) else {
                let all = Carrier::ALL.into_iter().filter(has_some);
                let names: Vec<&str> = all.map(Carrier::name).collect();
                let names = names.join(", ");
                problems.0.push(format!("{path}: it is none of {names}"));
                continue;
            };
            match carrier.audio_named(audio) {
                Ok(audio) => {
                    wishes.insert(carrier, audio);
                }
                Err(problem) => problems.0.push(format!("{path}: {problem}")),
            }
        }
        wishes
    }

    fn calendar(&self, problems: &mut Problems) -> CallingCalendar {
        let of_all = times("telephony", &self.calling_hours, &self.time_zone, problems);
        let own = self.workspaces.iter();
        let own = own.filter(|(_, it)| it.calling_hours.is_some() || it.time_zone.is_some());
        let of_workspaces = own.map(|(name, own)| {
            let path = format!("telephony.workspaces.{name}");
            let hours = own.calling_hours.as_ref().unwrap_or(&self.calling_hours);
            let zone = own.time_zone.as_ref().unwrap_or(&self.time_zone);
            (name.clone(), times(&path, hours, zone, problems))
        });
        CallingCalendar {
            of_workspaces: of_workspaces.collect(),
            of_all,
        }
    }
}

/// An amount in millionths.
fn micros(path: &str, amount: f64, problems: &mut Problems) -> Option<u64> {
    if !(0.0..=1e9).contains(&amount) {
        problems
            .0
            .push(format!("{path}: {amount} is no amount of 0 to 1000000000"));
        return None;
    }
    Some((amount * 1e6).round() as u64)
}

/// Hours and the clock that they are of.
fn times(path: &str, hours: &[String], zone: &str, problems: &mut Problems) -> CallingTimes {
    let hours = CallingHours::read(hours).unwrap_or_else(|wrong| {
        let wrong = wrong.into_iter();
        let named = wrong.map(|(at, problem)| format!("{path}.calling_hours[{at}]: {problem}"));
        problems.0.extend(named);
        CallingHours::default()
    });
    CallingTimes::new(hours, zone).unwrap_or_else(|problem| {
        problems.0.push(format!("{path}.time_zone: {problem}"));
        CallingTimes::default()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use offhook_carriers::{Audio, Carrier};

    use crate::settings::Settings;

    #[test]
    fn nothing_may_be_called_unless_the_settings_say_so() {
        let settings = Settings::parse("", Path::new(".")).expect("valid");
        let rules = settings.telephony.rules;
        assert!(rules.check("main", "+14155552671").is_err());
        let text = "[telephony]\nallow = [\"US\"]\n[telephony.workspaces.two]\nallow = [\"+44\"]\n";
        let settings = Settings::parse(text, Path::new(".")).expect("valid");
        let rules = settings.telephony.rules;
        assert!(rules.check("main", "+14155552671").is_ok());
        assert!(rules.check("two", "+14155552671").is_err());
        assert!(rules.check("two", "+442079460958").is_ok());
    }

    #[test]
    fn prices_and_limits_are_amounts() {
        let text = "[telephony]\nspending_max = 20\n[telephony.prices]\n\"+\" = 0.5\n\"+1\" = 0.014\n\
                    [telephony.workspaces.two]\nspending_max = 2.5\n";
        let settings = Settings::parse(text, Path::new(".")).expect("valid");
        let spending = settings.telephony.rules.spending;
        assert_eq!(spending.price("+14155552671"), Some(14_000));
        assert_eq!(spending.daily_max("main"), Some(20_000_000));
        assert_eq!(spending.daily_max("two"), Some(2_500_000));
        let wrong = "[telephony]\nspending_max = -1\n[telephony.prices]\nUS = 0.5\n";
        let problems = Settings::parse(wrong, Path::new(".")).expect_err("wrong");
        let problems = format!("{problems:?}");
        for path in ["telephony.spending_max", "telephony.prices.US"] {
            assert!(problems.contains(path), "{problems}");
        }
    }

    #[test]
    fn a_workspace_has_its_own_hours_where_it_says_so() {
        let text = "[telephony]\nallow = [\"US\"]\ntime_zone = \"Europe/Berlin\"\n\
                    [telephony.workspaces.two]\ncalling_hours = [\"09:00-10:00\"]\n";
        let settings = Settings::parse(text, Path::new(".")).expect("valid");
        let times = settings.telephony.times;
        assert_eq!(times.of_all.zone.iana_name(), Some("Europe/Berlin"));
        let own = &times.of_workspaces["two"];
        assert_eq!(own.zone, times.of_all.zone);
        assert_ne!(own.hours, times.of_all.hours);
        // What it may call is as for all.
        assert!(
            settings
                .telephony
                .rules
                .check("two", "+14155552671")
                .is_ok()
        );
    }

    #[test]
    fn a_carrier_is_asked_for_the_audio_that_is_set() {
        let text = "[telephony.audio]\ntelnyx = \"g722\"\njambonz = \"l16-8000\"\n";
        let settings = Settings::parse(text, Path::new(".")).expect("valid");
        let asked = |name: &str| {
            let carrier = Carrier::named(name).expect("a carrier");
            settings.telephony.audio(carrier)
        };
        assert_eq!(asked("telnyx"), Audio::G722);
        assert_eq!(asked("jambonz"), Audio::L16(8_000));
        assert_eq!(asked("plivo"), Audio::Pcmu);
        assert_eq!(asked("vonage"), Audio::L16(16_000));
        let text = "[telephony.audio]\ntwilio = \"g722\"\ntelnyx = \"amr-wb\"\nexotel = \"pcmu\"\n";
        let problems = Settings::parse(text, Path::new(".")).expect_err("not valid");
        for problem in [
            "telephony.audio.twilio: twilio streams no \"g722\"; it has pcmu",
            "telephony.audio.telnyx: amr-wb is not served here",
            "telephony.audio.exotel: it is none of twilio, telnyx, plivo, vonage, jambonz",
        ] {
            assert!(
                problems.contains(problem),
                "{problem} is missing in {problems}"
            );
        }
    }

    #[test]
    fn every_wrong_entry_is_named_by_its_path() {
        let text = "[telephony]\ncarrier = \"pigeon\"\nallow = [\"US\", \"usa\"]\nring_max = \"5m\"\nduration_max = \"1\"\n\
                    [telephony.workspaces.two]\nallow = [\"49\"]\ntime_zone = \"Mars\"\n\
                    calling_hours = [\"08:00-09:00\", \"late\"]\n";
        let problems = Settings::parse(text, Path::new(".")).expect_err("not valid");
        for path in [
            "telephony.carrier: ",
            "telephony.allow[1]: ",
            "telephony.ring_max: ",
            "telephony.duration_max: ",
            "telephony.workspaces.two.allow[0]: ",
            "telephony.workspaces.two.calling_hours[1]: ",
            "telephony.workspaces.two.time_zone: ",
        ] {
            assert!(problems.contains(path), "{path} is missing in {problems}");
        }
    }
}
