//! What was left out, on its way to the client. A program that loads a thousand files can make a thousand problems of one
//! kind: the first few of a code are told one by one, the others as a number at the end.

use std::collections::BTreeMap;

/// Of each code.
const MAX_TOLD: u64 = 5;

#[derive(Default)]
pub struct Problems {
    untold: Vec<(&'static str, String)>,
    counts: BTreeMap<&'static str, u64>,
}

impl Problems {
    pub fn add(&mut self, code: &'static str, message: String) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= MAX_TOLD {
            self.untold.push((code, message));
        }
    }

    /// Those to be told now.
    pub fn take(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.untold)
    }

    /// How many more there were of a code that was told of.
    pub fn take_rest(&mut self) -> Vec<(&'static str, String)> {
        let counts = std::mem::take(&mut self.counts);
        let rest = counts.into_iter().filter(|(_, count)| *count > MAX_TOLD);
        rest.map(|(code, count)| (code, format!("{} more like these ({code})", count - MAX_TOLD))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_of_one_kind_are_five_and_a_number() {
        let mut problems = Problems::default();
        (0..1000).for_each(|number| problems.add("many", format!("file {number}")));
        problems.add("one", "alone".to_string());
        assert_eq!(problems.take().len(), MAX_TOLD as usize + 1);
        assert_eq!(problems.take_rest(), [("many", "995 more like these (many)".to_string())]);
    }
}
