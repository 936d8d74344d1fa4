use std::collections::{HashMap, HashSet};

/// Which functions are known to come back to their callers, and what waits to hear that of them. Those that never do
/// (`abort`) are followed by anything: another function, or a part that is jumped to with another frame.
#[derive(Default)]
pub(crate) struct Returning {
    known: HashSet<u32>,
    waiting: HashMap<u32, Vec<Waiting>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The instruction that calls, by its node.
    Call(u32),
    /// A function that goes on as another.
    Function(u32),
}

impl Returning {
    pub fn is_known(&self, function: u32) -> bool {
        self.known.contains(&function)
    }

    pub fn wait(&mut self, function: u32, waiting: Waiting) {
        let list = self.waiting.entry(function).or_default();
        if list.last() != Some(&waiting) {
            list.push(waiting);
        }
    }

    /// The function comes back; the nodes of the calls that waited for it are added to `calls`.
    pub fn learn(&mut self, function: u32, calls: &mut Vec<u32>) {
        let mut learned = vec![function];
        while let Some(function) = learned.pop() {
            if !self.known.insert(function) {
                continue;
            }
            for waiting in self.waiting.remove(&function).unwrap_or_default() {
                match waiting {
                    Waiting::Call(node) => calls.push(node),
                    Waiting::Function(function) => learned.push(function),
                }
            }
        }
    }
}
