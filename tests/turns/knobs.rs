//! `set KNOB = VALUE`: a script's policy, knob by knob.

use std::time::Duration;

use offhook_turn_taking::{Eagerness, FillerOrder, SpellingPatience, TurnMode, TurnPolicy};

use crate::script::{answer, millis, number, share};

/// Turns one knob of `policy`.
pub(crate) fn set(policy: &mut TurnPolicy, knob: &str, value: &str) -> Result<(), String> {
    let duration = || millis(Some(value));
    let optional = || optional_millis(value);
    match knob {
        "greets_first" => policy.greets_first = answer(value)?,
        "greeting_delay" => policy.greeting_delay = duration()?,
        "interruption_sensitivity" => policy.interruption_sensitivity = share(Some(value))?,
        "interruption_words_min" => policy.interruption_words_min = optional_number(value)?,
        "interruption_speech_min" => policy.interruption_speech_min = optional()?,
        "transcribes_uninterruptible" => policy.transcribes_uninterruptible = answer(value)?,
        "is_greeting_interruptible" => policy.is_greeting_interruptible = answer(value)?,
        "eagerness" => {
            policy.eagerness = match value {
                "patient" => Eagerness::Patient,
                "normal" => Eagerness::Normal,
                "eager" => Eagerness::Eager,
                _ => return Err("eagerness is patient, normal or eager".to_owned()),
            }
        }
        "endpoint_delay_min" => policy.endpoint_delay_min = optional()?,
        "endpoint_delay_max" => policy.endpoint_delay_max = optional()?,
        "adapts_to_caller" => policy.adapts_to_caller = answer(value)?,
        "spelling_patience" => {
            policy.spelling_patience = match value {
                "auto" => SpellingPatience::Auto,
                "off" => SpellingPatience::Off,
                _ => return Err("spelling_patience is auto or off".to_owned()),
            }
        }
        "transcript_deadline" => policy.transcript_deadline = duration()?,
        "false_interruption_timeout" => policy.false_interruption_timeout = duration()?,
        "speculations_max" => policy.speculations_max = number(Some(value))?,
        "is_speculation_on" => policy.is_speculation_on = answer(value)?,
        "reply_deadline" => policy.reply_deadline = duration()?,
        "tool_deadline" => policy.tool_deadline = duration()?,
        "playout_stall_max" => policy.playout_stall_max = duration()?,
        "caller_turn_max" => policy.caller_turn_max = duration()?,
        "call_duration_max" => policy.call_duration_max = duration()?,
        "acknowledgements" => policy.acknowledgements = list(value),
        "uses_default_acknowledgements" => {
            policy.uses_default_acknowledgements = answer(value)?;
        }
        "ignore_phrases" => policy.ignore_phrases = list(value),
        "interrupting_phrases" => policy.interrupting_phrases = list(value),
        _ => match knob.split_once('.') {
            Some((state, knob)) => set_profile(policy, state, knob, value)?,
            None => set_own_accord(policy, knob, value)?,
        },
    }
    Ok(())
}

/// What the agent does of its own accord.
fn set_own_accord(policy: &mut TurnPolicy, knob: &str, value: &str) -> Result<(), String> {
    match knob {
        "mode" => {
            policy.mode = match value {
                "turn" => TurnMode::Turn,
                "silence" => TurnMode::Silence,
                _ => return Err("mode is turn or silence".to_owned()),
            }
        }
        "initial_wait" => policy.initial_wait = optional_millis(value)?,
        "no_input_timeout" => policy.no_input_timeout = optional_millis(value)?,
        "reprompts_max" => policy.reprompts_max = number(Some(value))?,
        "silence_hang_up" => policy.silence_hang_up = optional_millis(value)?,
        "caller_silence_max" => policy.caller_silence_max = optional_millis(value)?,
        "soft_timeout"
        | "fillers_max"
        | "fillers_listed"
        | "filler_order"
        | "is_filler_written"
        | "filler_waits_for_caller" => set_soft_timeout(policy, knob, value)?,
        "backchannel_frequency" => {
            policy.backchannels.get_or_insert_default().frequency = share(Some(value))?;
        }
        "backchannels_listed" => {
            policy.backchannels.get_or_insert_default().words_listed = number(Some(value))?;
        }
        _ => return Err("no such knob".to_owned()),
    }
    Ok(())
}

/// `set greeting.words_min = 3`: how the caller interrupts while the agent is in one state.
fn set_profile(
    policy: &mut TurnPolicy,
    state: &str,
    knob: &str,
    value: &str,
) -> Result<(), String> {
    let profiles = &mut policy.interruption_profiles;
    let profile = match state {
        "greeting" => &mut profiles.greeting,
        "speaking" => &mut profiles.speaking,
        "thinking" => &mut profiles.thinking,
        "tool_running" => &mut profiles.tool_running,
        _ => return Err("no such state".to_owned()),
    };
    match knob {
        "is_interruptible" => profile.is_interruptible = answer(value)?,
        "sensitivity" => profile.sensitivity = Some(share(Some(value))?),
        "words_min" => profile.words_min = optional_number(value)?,
        "speech_min" => profile.speech_min = Some(millis(Some(value))?),
        _ => return Err("no such knob".to_owned()),
    }
    Ok(())
}

fn list(text: &str) -> Vec<String> {
    let phrases = text.split(", ").filter(|phrase| *phrase != "none");
    phrases.map(str::to_owned).collect()
}

fn optional_millis(text: &str) -> Result<Option<Duration>, String> {
    if text == "none" {
        return Ok(None);
    }
    millis(Some(text)).map(Some)
}

fn optional_number(text: &str) -> Result<Option<u32>, String> {
    if text == "none" {
        return Ok(None);
    }
    number(Some(text)).map(Some)
}

/// Naming any of its knobs turns the soft timeout on.
fn set_soft_timeout(policy: &mut TurnPolicy, knob: &str, value: &str) -> Result<(), String> {
    let soft_timeout = policy.soft_timeout.get_or_insert_default();
    match knob {
        "soft_timeout" => soft_timeout.after = millis(Some(value))?,
        "fillers_max" => soft_timeout.fillers_max = number(Some(value))?,
        "fillers_listed" => soft_timeout.fillers_listed = number(Some(value))?,
        "is_filler_written" => soft_timeout.is_written = answer(value)?,
        "filler_waits_for_caller" => soft_timeout.waits_for_caller = answer(value)?,
        _ => {
            soft_timeout.order = match value {
                "listed" => FillerOrder::Listed,
                "shuffled" => FillerOrder::Shuffled,
                _ => return Err("fillers come listed or shuffled".to_owned()),
            }
        }
    }
    Ok(())
}
