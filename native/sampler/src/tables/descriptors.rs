//! How many descriptors of mapped files may stay open: a program can map more files than a process may have open.

/// Half of what the process may have: the rest is for the events, the maps, and what is opened for a moment.
const SHARE: u64 = 2;

pub struct Descriptors {
    held: u64,
    limit: u64,
}

impl Descriptors {
    /// Of as many as the hard limit allows.
    pub fn of_this_process() -> Descriptors {
        Descriptors { held: 0, limit: raise_limit() / SHARE }
    }

    pub fn are_scarce(&self) -> bool {
        self.held >= self.limit
    }

    /// Whether one more may stay.
    pub fn take(&mut self) -> bool {
        let may_stay = !self.are_scarce();
        self.held += u64::from(may_stay);
        may_stay
    }

    pub fn give_back(&mut self) {
        self.held = self.held.saturating_sub(1);
    }
}

/// The limit from then on.
fn raise_limit() -> u64 {
    const DEFAULT: u64 = 1024;
    let mut limit = libc::rlimit { rlim_cur: DEFAULT, rlim_max: DEFAULT };
    // SAFETY: one rlimit of this function's own, for both calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return DEFAULT;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        match libc::setrlimit(libc::RLIMIT_NOFILE, &raised) {
            0 => raised.rlim_cur,
            _ => limit.rlim_cur,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_stay_open_at_a_time() {
        let mut descriptors = Descriptors { held: 0, limit: 2 };
        assert_eq!([(); 3].map(|()| descriptors.take()), [true, true, false]);
        descriptors.give_back();
        assert!(!descriptors.are_scarce() && descriptors.take() && descriptors.are_scarce());
    }
}
