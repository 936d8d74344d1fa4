//! Frames of a list of addresses, with their strings interned.

use std::collections::HashMap;

pub const FLAG_INLINED: u32 = 1 << 0;
pub const FLAG_DEBUG_INFO: u32 = 1 << 1;
pub const FLAG_KERNEL: u32 = 1 << 2;
pub const FLAG_UNNAMED: u32 = 1 << 3;
pub const FLAG_REPLACED: u32 = 1 << 4;

#[derive(Clone, Copy)]
pub struct Frame {
    pub name: u32,
    pub file: u32,
    pub line: u32,
    pub column: u32,
    pub flags: u32,
}

impl Frame {
    /// Code of a file that was written over.
    pub const REPLACED: Frame = Frame { name: 0, file: 0, line: 0, column: 0, flags: FLAG_REPLACED };

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

    pub fn replaced_files(count: usize) -> Self {
        Symbols { ends: (1..=count as u32).collect(), frames: vec![Frame::REPLACED; count], ..Symbols::default() }
    }

    pub fn push(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    pub fn finish_address(&mut self) {
        self.ends.push(self.frames.len() as u32);
    }

    /// With the frames of `other`, in its order, for the addresses at these ascending indices.
    pub fn replaced(mut self, indices: &[usize], other: &Symbols) -> Symbols {
        let strings = std::mem::take(&mut self.strings);
        let mut merged = Symbols { strings, ..Symbols::default() };
        let numbers: Vec<u32> = other.strings.in_order().into_iter().map(|text| merged.strings.intern(text)).collect();
        let number = |id: u32| numbers[id as usize];
        for index in 0..self.ends.len() {
            match indices.binary_search(&index) {
                Ok(position) => merged.frames.extend(other.frames_of(position).iter().map(|frame| Frame {
                    name: number(frame.name),
                    file: number(frame.file),
                    ..*frame
                })),
                Err(_) => merged.frames.extend_from_slice(self.frames_of(index)),
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
    pub fn reserve(&mut self, count: usize) {
        self.ids.reserve(count);
    }

    pub fn intern(&mut self, text: impl Into<Box<str>>) -> u32 {
        let next = self.ids.len() as u32;
        *self.ids.entry(text.into()).or_insert(next)
    }

    pub fn in_order(&self) -> Vec<&str> {
        let mut strings = vec![""; self.ids.len()];
        for (text, &id) in &self.ids {
            strings[id as usize] = text;
        }
        strings
    }
}
