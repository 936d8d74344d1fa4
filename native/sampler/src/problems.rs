//! What was left out, on its way to the client. A program that loads a thousand files can make a thousand problems of one
//! kind: the first few of a code are told one by one, the others as a number at the end.

use std::collections::BTreeMap;

use crate::facts::Facts;

/// Of each code.
const MAX_TOLD: u64 = 5;

#[derive(Default)]
pub struct Problems {
    untold: Vec<Facts>,
    counts: BTreeMap<&'static str, u64>,
}

impl Problems {
    pub fn add(&mut self, problem: Facts) {
        let count = self.counts.entry(problem.code()).or_default();
        *count += 1;
        if *count <= MAX_TOLD {
            self.untold.push(problem);
        }
    }

    /// Those to be told now.
    pub fn take(&mut self) -> Vec<Facts> {
        std::mem::take(&mut self.untold)
    }

    /// How many more there were of a code that was told of.
    pub fn take_rest(&mut self) -> Vec<Facts> {
        let counts = std::mem::take(&mut self.counts);
        let rest = counts.into_iter().filter(|(_, count)| *count > MAX_TOLD);
        rest.map(|(code, count)| Facts::of(code).number("more", count - MAX_TOLD)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_of_one_kind_are_five_and_a_number() {
        let mut problems = Problems::default();
        (0..1000).for_each(|number| problems.add(Facts::of("many").number("pid", number)));
        problems.add(Facts::of("one"));
        assert_eq!(problems.take().len(), MAX_TOLD as usize + 1);
        assert_eq!(problems.take_rest(), [Facts::of("many").number("more", 995)]);
    }
}
