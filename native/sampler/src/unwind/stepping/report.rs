use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::observed::{Frame, Observed};

/// Of the walks that should have passed through a frame, or began in it.
#[derive(Default, Clone)]
pub struct Count {
    /// Began in it.
    pub steps: u64,
    /// Ended in it or went astray behind it.
    pub failed: u64,
    /// The first of them.
    pub example: String,
}

impl Count {
    fn add(&mut self, other: &Count) {
        self.steps += other.steps;
        self.failed += other.failed;
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
        let failing = self.functions.iter().filter(|(_, count)| count.failed > 0);
        failing.map(|(name, count)| (name.as_str(), count))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} steps in {} functions", self.steps(), self.functions.len())?;
        for (name, Count { failed, example, .. }) in self.failing() {
            write!(formatter, "\n  {name}: {failed} failed, the first: {example}")?;
        }
        Ok(())
    }
}
