//! What the states along paths were assumed from.

use std::collections::HashMap;

use crate::synthesis::machine::state_table::WordHash;

/// The assumptions that states follow from, by their offsets: that a function begins there, or that the call before it
/// comes back.
#[derive(Default)]
pub(crate) struct Origins {
    known: HashMap<u32, Origin, WordHash>,
}

#[derive(Clone, Copy, Default)]
struct Origin {
    /// What the call itself followed from.
    parent: Option<u32>,
    /// Where its function begins.
    function: u32,
    is_sure: bool,
    is_doubtful: bool,
    /// A return with the stack as it must be followed from it.
    is_right: bool,
    is_wrong: bool,
}

impl Origins {
    /// `is_sure`: no evidence speaks against it.
    pub fn add_function(&mut self, offset: u32, is_sure: bool) {
        let origin = self.known.entry(offset).or_insert(Origin { function: offset, ..Origin::default() });
        origin.is_sure |= is_sure;
    }

    /// `is_doubtful`: a function may begin there as well.
    pub fn add_behind_call(&mut self, offset: u32, parent: u32, is_doubtful: bool) {
        let origin = Origin { parent: Some(parent), function: self.function(parent), is_doubtful, ..Origin::default() };
        self.known.entry(offset).or_insert(origin);
    }

    /// Where the function begins that the origin is in.
    pub fn function(&self, offset: u32) -> u32 {
        self.known.get(&offset).map_or(offset, |origin| origin.function)
    }

    pub fn is_behind_call(&self, offset: u32) -> bool {
        self.known.get(&offset).is_some_and(|origin| origin.parent.is_some())
    }

    /// Whether a function is taken to begin there.
    pub fn is_function(&self, offset: u32) -> bool {
        self.known.get(&offset).is_some_and(|origin| origin.parent.is_none())
    }

    pub fn function_count(&self) -> u32 {
        self.known.values().filter(|origin| origin.parent.is_none() && !origin.is_wrong).count() as u32
    }

    pub fn is_wrong(&self, offset: u32) -> bool {
        self.known.get(&offset).is_some_and(|origin| origin.is_wrong)
    }

    pub fn confirm(&mut self, offset: u32) {
        let mut next = Some(offset);
        while let Some(origin) = next.and_then(|offset| self.known.get_mut(&offset)) {
            if origin.is_right {
                return;
            }
            origin.is_right = true;
            next = origin.parent;
        }
    }

    /// One of the assumptions behind it is wrong, up to those that something else confirms: the nearest that is doubtful, or
    /// any of them.
    pub fn refute(&mut self, offset: u32) {
        let mut next = Some(offset);
        while let Some(origin) = next.and_then(|offset| self.known.get_mut(&offset)) {
            if origin.is_right || origin.is_wrong || origin.is_sure {
                return;
            }
            origin.is_wrong = true;
            if origin.is_doubtful {
                return;
            }
            next = origin.parent;
        }
    }

    /// The calls that did not come back, by what stands behind them.
    pub fn ended_calls(&self) -> Vec<u32> {
        let is_ended = |origin: &Origin| origin.is_wrong && origin.is_doubtful;
        self.known.iter().filter(|(_, origin)| is_ended(origin)).map(|(&offset, _)| offset).collect()
    }

    /// What follows from a wrong assumption and is not confirmed is wrong as well.
    pub fn refute_what_follows(&mut self) {
        // A call stands before what follows from it, but for loops; those are left as they are.
        let mut offsets: Vec<u32> = self.known.keys().copied().collect();
        offsets.sort_unstable();
        for offset in offsets {
            let origin = self.known[&offset];
            if !origin.is_right && origin.parent.is_some_and(|parent| self.is_wrong(parent)) {
                self.known.insert(offset, Origin { is_wrong: true, ..origin });
            }
        }
    }
}
