//! All calls of a run, shared out to threads. Which thread holds which call makes no difference:
//! a call knows nothing of another.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use offhook_media::SampleRate;
use offhook_providers::local::voice::LocalVoice;

use crate::clips::Clips;
use crate::corpus::Material;
use crate::outcome::{Outcome, outcomes};
use crate::policy::Policy;
use crate::section::Section;
use crate::sound::Sound;
use crate::stage::Stage;
use crate::voices::Voices;

/// One call to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) section: Section,
    pub(crate) number: usize,
    pub(crate) episodes: usize,
    pub(crate) rate: SampleRate,
    pub(crate) policy: Policy,
}

/// The rate at which a call is held by the policies that are compared with the defaults: half of
/// the calls each, whoever talks in them.
pub(crate) const fn rate_compared(number: usize) -> SampleRate {
    if (number / 2).is_multiple_of(2) {
        SampleRate::HZ_8000
    } else {
        SampleRate::HZ_16000
    }
}

/// Every call of a run: all of the corpus by the product's defaults at both rates, the half of it
/// at one rate by the baseline, and the half of what the frontier needs by every policy of it; where nothing
/// is compared, only the first of these.
pub(crate) fn jobs(only: Option<Section>, is_quick: bool, is_compared: bool) -> Vec<Job> {
    let mut jobs = Vec::new();
    let sections = Section::ALL.into_iter();
    for section in sections.filter(|section| only.is_none_or(|only| only == *section)) {
        let (calls, episodes) = section.size(is_quick);
        let is_on_frontier = Section::FRONTIER.contains(&section);
        for policy in Policy::FRONTIER {
            let calls = match policy {
                Policy::Normal => calls,
                _ if !is_compared => continue,
                _ if is_on_frontier || policy == Policy::BASELINE => {
                    section.frontier_calls(is_quick)
                }
                _ => continue,
            };
            for number in 0..calls {
                let is_wanted =
                    |rate: &SampleRate| policy == Policy::Normal || *rate == rate_compared(number);
                let rates = [SampleRate::HZ_8000, SampleRate::HZ_16000];
                for rate in rates.into_iter().filter(is_wanted) {
                    jobs.push(Job {
                        section,
                        number,
                        episodes,
                        rate,
                        policy,
                    });
                }
            }
        }
    }
    jobs
}

/// What all threads share.
pub(crate) struct Crew<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) voice: &'a LocalVoice,
    pub(crate) clips: &'a Clips,
    /// A recorded "mhm".
    pub(crate) hum: &'a Sound,
    pub(crate) seed: u64,
}

impl Crew<'_> {
    /// Holds every call; gives the outcomes in the order of the jobs.
    ///
    /// # Errors
    /// The first call that could not be held.
    pub(crate) fn hold(&self, jobs: &[Job], threads: usize) -> anyhow::Result<Vec<Outcome>> {
        let next = AtomicUsize::new(0);
        let held: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::new(Vec::new());
        let work = || -> anyhow::Result<()> {
            let voices = Voices::new(Arc::new(self.voice.clone()))?;
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(index) else {
                    return Ok(());
                };
                let judged = self.hold_one(job, &voices)?;
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                held.push((index, judged));
                if std::io::stderr().is_terminal() {
                    eprint!("\rcalls held: {} of {}", held.len(), jobs.len());
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                let done = thread.join();
                done.map_err(|_| anyhow!("a thread of the bench panicked"))?
            })
        })?;
        if std::io::stderr().is_terminal() {
            eprintln!();
        }
        let mut held = held.into_inner().unwrap_or_else(PoisonError::into_inner);
        held.sort_by_key(|(index, _)| *index);
        let outcomes = held.into_iter().flat_map(|(_, outcomes)| outcomes);
        Ok(outcomes.collect())
    }

    fn hold_one(&self, job: &Job, voices: &Voices) -> anyhow::Result<Vec<Outcome>> {
        let material = Material {
            clips: self.clips,
            voices,
            // What is said must not depend on the rate of the leg.
            library: &self.stage.wide,
            hum: self.hum,
        };
        let call = material.call(job.section, job.number, job.episodes, self.seed)?;
        let trace = self.stage.perform(&call, job.rate, job.policy)?;
        Ok(outcomes(&call, job.rate, job.policy, &trace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_corpus_is_held_by_the_defaults_and_half_of_it_by_the_baseline() {
        let jobs = jobs(None, false, true);
        let count = |policy: Policy, section: Section| {
            let of = |job: &&Job| job.policy == policy && job.section == section;
            jobs.iter().filter(of).count()
        };
        for section in Section::ALL {
            let (calls, _) = section.size(false);
            assert_eq!(count(Policy::Normal, section), calls * 2);
            assert_eq!(
                count(Policy::BASELINE, section),
                section.frontier_calls(false)
            );
        }
        assert_eq!(count(Policy::Patient, Section::Pauses), 5);
        assert_eq!(count(Policy::Patient, Section::Noise), 0);
    }

    #[test]
    fn without_a_comparison_only_the_defaults_are_tried() {
        let jobs = jobs(None, true, false);
        assert!(jobs.iter().all(|job| job.policy == Policy::Normal));
    }

    #[test]
    fn one_section_can_be_held_alone() {
        let jobs = jobs(Some(Section::Tics), true, true);
        assert!(!jobs.is_empty() && jobs.iter().all(|job| job.section == Section::Tics));
    }
}
