//! Hits by stack since some moment.

#[derive(Default)]
pub struct Increments {
    /// By stack.
    hits: Vec<u64>,
    /// The stacks that have some.
    stacks: Vec<u32>,
}

impl Increments {
    pub fn add(&mut self, stack: u32, hits: u64) {
        let at = stack as usize;
        if at >= self.hits.len() {
            self.hits.resize(at + 1, 0);
        }
        if self.hits[at] == 0 && hits > 0 {
            self.stacks.push(stack);
        }
        self.hits[at] = self.hits[at].saturating_add(hits);
    }

    /// Stack and hits, in ascending order of the stacks; none is left.
    pub fn take(&mut self) -> Vec<(u32, u64)> {
        self.stacks.sort_unstable();
        let stacks = std::mem::take(&mut self.stacks);
        stacks.into_iter().map(|stack| (stack, std::mem::take(&mut self.hits[stack as usize]))).collect()
    }
}
