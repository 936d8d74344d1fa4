//! Frames of a list of addresses, with their strings interned.

use std::collections::HashMap;

pub const FLAG_INLINED: u32 = 1 << 0;
pub const FLAG_DEBUG_INFO: u32 = 1 << 1;
pub const FLAG_KERNEL: u32 = 1 << 2;
pub const FLAG_UNNAMED: u32 = 1 << 3;

#[derive(Clone, Copy)]
pub struct Frame {
    pub name: u32,
    pub file: u32,
    pub line: u32,
    pub column: u32,
    pub flags: u32,
}

impl Frame {
    /// A function of which only the start is known.
    pub fn unnamed(start: u64) -> Frame {
        Frame { name: 0, file: 0, line: start as u32, column: (start >> 32) as u32, flags: FLAG_UNNAMED }
    }
}

/// Frames innermost first; addresses in the order in which they are finished.
#[derive(Default)]
pub struct Symbols {
    /// One past the last frame of each address.
    pub ends: Vec<u32>,
    pub frames: Vec<Frame>,
    pub strings: StringTable,
}

impl Symbols {
    pub fn unresolved(count: usize) -> Self {
        Symbols { ends: vec![0; count], ..Symbols::default() }
    }

    pub fn push(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    pub fn finish_address(&mut self) {
        self.ends.push(self.frames.len() as u32);
    }

    /// With the frames of `other`, in its order, for the addresses at these ascending indices.
    pub fn replaced(&self, indices: &[usize], other: &Symbols) -> Symbols {
        let mut merged = Symbols::default();
        let (names, other_names) = (self.strings.in_order(), other.strings.in_order());
        for index in 0..self.ends.len() {
            let (frames, names) = match indices.binary_search(&index) {
                Ok(position) => (other.frames_of(position), &other_names),
                Err(_) => (self.frames_of(index), &names),
            };
            for frame in frames {
                let name = merged.strings.intern(names[frame.name as usize]);
                let file = merged.strings.intern(names[frame.file as usize]);
                merged.push(Frame { name, file, ..*frame });
            }
            merged.finish_address();
        }
        merged
    }

    pub fn frames_of(&self, index: usize) -> &[Frame] {
        let first = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.frames[first..self.ends[index] as usize]
    }
}

/// Strings by number; 0 is the empty one.
pub struct StringTable {
    ids: HashMap<Box<str>, u32>,
}

impl Default for StringTable {
    fn default() -> Self {
        StringTable { ids: HashMap::from([("".into(), 0)]) }
    }
}

impl StringTable {
    pub fn intern(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.ids.len() as u32;
        self.ids.insert(text.into(), id);
        id
    }

    pub fn in_order(&self) -> Vec<&str> {
        let mut strings = vec![""; self.ids.len()];
        for (text, &id) in &self.ids {
            strings[id as usize] = text;
        }
        strings
    }
}
