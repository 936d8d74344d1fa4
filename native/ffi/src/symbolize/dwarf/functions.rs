//! Where the functions of a file begin, for addresses that no symbol names and symbols that do not say their end.

use std::cell::{OnceCell, RefCell};
use std::fs::File;

use bee_elf::{CodeWalk, ElfFile, FunctionRanges};

use crate::file_memory::FileMemory;

/// Read on first need: most files never ask, and the CFI of a large one takes milliseconds.
pub struct Functions {
    path: String,
    code: OnceCell<Option<Code>>,
    /// Of the last symbol: addresses come in order.
    walk: RefCell<CodeWalk>,
}

struct Code {
    memory: FileMemory,
    ranges: FunctionRanges,
}

impl Functions {
    pub fn of_file(path: String) -> Functions {
        Functions { path, code: OnceCell::new(), walk: RefCell::new(CodeWalk::from(0)) }
    }

    /// `None` outside of every FDE.
    pub fn start_of(&self, address: u64) -> Option<u64> {
        self.code()?.ranges.start_of(address)
    }

    /// Whether a symbol that does not say its end reaches up to an address behind it: by the FDE that holds both. What
    /// has no FDE ends where one begins, at the end of its section, and where its own code does.
    pub fn reaches(&self, symbol: u64, address: u64) -> bool {
        let Some(code) = self.code() else { return true };
        let has_fde = code.ranges.start_of(symbol).is_some();
        code.ranges.are_together(symbol, address) && (has_fde || self.is_walked_to(code, symbol, address))
    }

    fn is_walked_to(&self, Code { memory, ranges }: &Code, symbol: u64, address: u64) -> bool {
        let Ok(elf) = ElfFile::parse(memory.bytes()) else { return true };
        let Some(code) = elf.code_from(symbol) else { return true };
        let length = ranges.next_start(symbol).map_or(u64::MAX, |next| next - symbol).min(code.len() as u64);
        let mut walk = self.walk.borrow_mut();
        if walk.start() != symbol {
            *walk = CodeWalk::from(symbol);
        }
        address.wrapping_sub(symbol) < length && walk.reaches(&code[..length as usize], address)
    }

    /// None for what cannot be read: the symbolizer has said so already.
    fn code(&self) -> Option<&Code> {
        self.code.get_or_init(|| read(&self.path)).as_ref()
    }
}

fn read(path: &str) -> Option<Code> {
    let memory = FileMemory::map(&File::open(path).ok()?).ok()?;
    let ranges = FunctionRanges::read(&ElfFile::parse(memory.bytes()).ok()?);
    Some(Code { memory, ranges })
}
