use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::observed::{Frame, Observed};

/// Of the walks that should have passed through a frame, or began in it.
#[derive(Default, Clone)]
pub struct Count {
    /// Began in it.
    pub steps: u64,
    /// Gave a right part of the stack, ended in it and said so.
    pub stopped: u64,
    /// Went astray behind it.
    pub wrong: u64,
    /// The first that was not right.
    pub example: String,
}

impl Count {
    fn add(&mut self, other: &Count) {
        self.steps += other.steps;
        self.stopped += other.stopped;
        self.wrong += other.wrong;
        if self.example.is_empty() {
            self.example.clone_from(&other.example);
        }
    }
}

pub struct Report {
    pub functions: BTreeMap<String, Count>,
}

impl Report {
    pub fn by_function(observed: &Observed, counts: &HashMap<Frame, Count>) -> Report {
        let mut functions: BTreeMap<String, Count> = BTreeMap::new();
        for (frame, count) in counts {
            functions.entry(observed.function_at(*frame)).or_default().add(count);
        }
        Report { functions }
    }

    pub fn steps(&self) -> u64 {
        self.functions.values().map(|count| count.steps).sum()
    }

    /// Functions at which not every walk was right.
    pub fn failing(&self) -> impl Iterator<Item = (&str, &Count)> {
        let failing = self.functions.iter().filter(|(_, count)| count.stopped + count.wrong > 0);
        failing.map(|(name, count)| (name.as_str(), count))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} steps in {} functions", self.steps(), self.functions.len())?;
        for (name, Count { stopped, wrong, example, .. }) in self.failing() {
            write!(formatter, "\n  {name}: {stopped} stopped, {wrong} wrong, the first {example}")?;
        }
        Ok(())
    }
}
