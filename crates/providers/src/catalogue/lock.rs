//! One pull at a time in one folder of models.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Held while it lives; the system frees it when the process ends in any way.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Waits until no other process pulls into `root`. `wait` is called once if there is one.
    pub(super) fn acquire(root: &Path, wait: impl FnOnce()) -> io::Result<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(root.join(".lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                wait();
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::acquire(folder.path(), || panic!("nobody holds it")).unwrap();
        let (waiting, waits) = std::sync::mpsc::channel();
        let root = folder.path().to_owned();
        let second = std::thread::spawn(move || {
            FolderLock::acquire(&root, move || waiting.send(()).unwrap()).is_ok()
        });
        waits.recv().unwrap();
        drop(first);
        assert!(second.join().unwrap());
    }
}
