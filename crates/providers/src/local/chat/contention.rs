//! Whether other threads want the cores at this moment.

use std::thread;

/// Whether more threads want to run, on the whole machine, than leave `wanted` cores free for the
/// caller (who is one of them). False where the system does not say.
pub(super) fn is_crowded(wanted: u32) -> bool {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let running = std::fs::read_to_string("/proc/loadavg").ok();
    running
        .as_deref()
        .and_then(running_threads)
        .is_some_and(|running| {
            let others = running.saturating_sub(1);
            others + usize::try_from(wanted).unwrap_or(usize::MAX) > cores
        })
}

/// The fourth field of `/proc/loadavg`, "running/all" (proc_loadavg(5)).
fn running_threads(text: &str) -> Option<usize> {
    text.split_whitespace()
        .nth(3)?
        .split_once('/')?
        .0
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_threads_are_read() {
        assert_eq!(running_threads("0.65 0.39 0.18 3/187 20911\n"), Some(3));
        assert_eq!(running_threads("0.65 0.39"), None);
        assert_eq!(running_threads("a b c d/e f"), None);
    }

    #[test]
    fn no_machine_has_room_for_more_threads_than_cores() {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let too_many = u32::try_from(cores).unwrap() + 1;
        let says = std::fs::read_to_string("/proc/loadavg").is_ok();
        assert_eq!(is_crowded(too_many), says);
    }
}
