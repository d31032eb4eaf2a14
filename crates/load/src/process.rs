//! What a process uses, as the kernel counts it (`/proc`; Linux).

use std::time::Duration;

use crate::LoadError;

/// Clock ticks a second in `/proc/PID/stat`: 100 on every Linux that offhook runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of a process and its threads so far, in the kernel too.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration, LoadError> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).map_err(LoadError::system(path))?;
    Ok(of_stat(&text).unwrap_or_default())
}

/// Memory of a process that lies in RAM, in bytes.
pub(crate) fn memory(pid: u32) -> Result<u64, LoadError> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).map_err(LoadError::system(path))?;
    Ok(of_rollup(&text).unwrap_or_default())
}

/// The fields utime and stime, counted from behind the name, which may hold anything.
fn of_stat(text: &str) -> Option<Duration> {
    let (_, after_name) = text.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Duration::try_from_secs_f64((user + system) / TICKS_PER_SECOND).ok()
}

fn of_rollup(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1_024)
}

/// The processor's name and how many there are, and the kernel.
pub(crate) fn machine() -> (String, usize, String) {
    let text = |path| std::fs::read_to_string(path).unwrap_or_default();
    let info = text("/proc/cpuinfo");
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name.map_or("unknown", |it| it.trim_start_matches(['\t', ' ', ':']));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = text("/proc/sys/kernel/osrelease").trim().to_owned();
    (name.to_owned(), count, kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_texts_are_read() {
        let stat = "42 (a) name) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 8 0 100 1 1";
        assert_eq!(of_stat(stat), Some(Duration::from_secs(3)));
        let rollup = "00400000-7fff ---p 00000000 00:00 0 [rollup]\nRss:    2048 kB\nPss: 1 kB\n";
        assert_eq!(of_rollup(rollup), Some(2_097_152));
        assert_eq!((of_stat(""), of_rollup("")), (None, None));
    }

    #[test]
    fn this_process_uses_something() {
        let pid = std::process::id();
        assert!(memory(pid).unwrap() > 100_000);
        assert!(cpu_time(pid).is_ok());
    }
}
