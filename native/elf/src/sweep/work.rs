use std::sync::atomic::{AtomicU64, Ordering};

/// Steps that any file may take, and those for each byte of its debug information. Measured: reading all units of
/// real files takes less than one step a byte; repeated references to one huge table take any number.
const BASE_STEPS: u64 = 4_000_000;
const STEPS_PER_BYTE: u64 = 8;
/// Taken from the shared account at a time.
const PORTION: u64 = 1 << 16;

/// What may still be spent on one file, shared by the threads that read it: entries, attributes, line rows, ranges.
pub struct Work {
    left: AtomicU64,
}

impl Work {
    /// `bytes` of debug information.
    pub fn for_bytes(bytes: usize) -> Work {
        let steps = (bytes as u64).saturating_mul(STEPS_PER_BYTE).saturating_add(BASE_STEPS);
        Work { left: AtomicU64::new(steps) }
    }

    /// As many more as `bytes` of debug information in other files may take.
    pub fn extend(&self, bytes: usize) {
        self.left.fetch_add((bytes as u64).saturating_mul(STEPS_PER_BYTE), Ordering::Relaxed);
    }

    fn take_portion(&self) -> Option<u64> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(PORTION));
        taken.ok().map(|_| PORTION)
    }
}

/// One thread's share.
pub(crate) struct Budget<'a> {
    work: &'a Work,
    left: u64,
}

impl<'a> Budget<'a> {
    pub fn of(work: &'a Work) -> Budget<'a> {
        Budget { work, left: 0 }
    }

    /// `None` when the file has used up its steps.
    #[inline(always)]
    pub fn take(&mut self, steps: u64) -> Option<()> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Some(())
            }
            None => self.take_more(steps),
        }
    }

    #[cold]
    fn take_more(&mut self, steps: u64) -> Option<()> {
        while self.left < steps {
            self.left += self.work.take_portion()?;
        }
        self.left -= steps;
        Some(())
    }
}
