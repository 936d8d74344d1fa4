//! What takes a session long: each task runs on a thread of its own, and its result waits for the host.

use std::collections::BTreeMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

use crate::failure::{Failure, Outcome};
use crate::news::News;

pub struct Tasks {
    table: Mutex<Table>,
    news: Arc<News>,
}

#[derive(Default)]
struct Table {
    last: u32,
    /// `None` while the task runs.
    results: BTreeMap<u32, Option<Outcome<Vec<u8>>>>,
}

impl Tasks {
    pub fn new(news: Arc<News>) -> Arc<Tasks> {
        Arc::new(Tasks { table: Mutex::default(), news })
    }

    /// A number for `take`, never given out before.
    pub fn begin(self: &Arc<Self>, work: impl FnOnce() -> Outcome<Vec<u8>> + Send + 'static) -> Outcome<u32> {
        let number = self.next_number();
        let tasks = Arc::clone(self);
        let started = Builder::new().name("bee-task".into()).spawn(move || {
            let panicked = |_| Err(Failure::new(libc::EIO, "libbee has a defect: a task panicked."));
            tasks.finish(number, catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked));
        });
        match started {
            Ok(_) => Ok(number),
            Err(error) => {
                self.lock().results.remove(&number);
                Err(Failure::from_io("Cannot start a thread", &error))
            }
        }
    }

    /// The length of the result, which is forgotten when `copy` says that it fits. EAGAIN while the task runs.
    pub fn take(&self, number: u32, copy: impl FnOnce(&[u8]) -> bool) -> Outcome<usize> {
        let mut table = self.lock();
        let result = match table.results.get(&number) {
            None => return Err(Failure::new(libc::EINVAL, "There is no such task.")),
            Some(None) => return Err(Failure::new(libc::EAGAIN, "The task still runs.")),
            Some(Some(result)) => result,
        };
        let (length, is_taken) = match result {
            Ok(bytes) => (Ok(bytes.len()), copy(bytes)),
            Err(failure) => (Err(failure.clone()), true),
        };
        if is_taken {
            table.results.remove(&number);
        }
        length
    }

    fn next_number(&self) -> u32 {
        let mut table = self.lock();
        table.last += 1;
        let number = table.last;
        table.results.insert(number, None);
        number
    }

    fn finish(&self, number: u32, result: Outcome<Vec<u8>>) {
        self.lock().results.insert(number, Some(result));
        self.news.announce();
    }

    /// A thread that panicked while it held the lock leaves data that is still whole: every update is one step.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result_of(tasks: &Tasks, number: u32) -> Outcome<usize> {
        loop {
            match tasks.take(number, |bytes| bytes == b"done") {
                Err(failure) if failure.code == -libc::EAGAIN => std::thread::yield_now(),
                other => return other,
            }
        }
    }

    #[test]
    fn a_result_is_taken_once_and_a_panic_is_one_too() {
        let tasks = Tasks::new(Arc::new(News::new().unwrap()));
        let (whole, other) = (tasks.begin(|| Ok(b"done".to_vec())), tasks.begin(|| Ok(b"more".to_vec())));
        let (whole, other) = (whole.unwrap(), other.unwrap());
        assert_eq!(result_of(&tasks, whole).unwrap(), 4);
        assert_eq!(result_of(&tasks, whole).unwrap_err().code, -libc::EINVAL);
        assert_eq!((result_of(&tasks, other).unwrap(), result_of(&tasks, other).unwrap()), (4, 4));
        let broken = tasks.begin(|| panic!("expected in this test")).unwrap();
        assert_eq!(result_of(&tasks, broken).unwrap_err().code, -libc::EIO);
    }
}
