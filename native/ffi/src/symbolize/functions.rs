//! Where the functions of a file begin, for addresses that no symbol names and symbols that do not say their end.

use std::cell::OnceCell;
use std::fs::File;

use bee_elf::{ElfFile, FunctionRanges};

use crate::file_memory::FileMemory;

/// Read on first need: most files never ask, and the CFI of a large one takes milliseconds.
pub struct Functions {
    path: String,
    ranges: OnceCell<FunctionRanges>,
}

impl Functions {
    pub fn of_file(path: String) -> Functions {
        Functions { path, ranges: OnceCell::new() }
    }

    /// `None` outside of every FDE.
    pub fn start_of(&self, address: u64) -> Option<u64> {
        self.ranges().start_of(address)
    }

    /// Whether no function begins or ends between a symbol and an address behind it.
    pub fn are_together(&self, symbol: u64, address: u64) -> bool {
        self.ranges().are_together(symbol, address)
    }

    /// None for what cannot be read: the symbolizer has said so already.
    fn ranges(&self) -> &FunctionRanges {
        self.ranges.get_or_init(|| read(&self.path).unwrap_or_default())
    }
}

fn read(path: &str) -> Option<FunctionRanges> {
    let memory = FileMemory::map(&File::open(path).ok()?).ok()?;
    let elf = ElfFile::parse(memory.bytes()).ok()?;
    Some(FunctionRanges::read(&elf))
}
