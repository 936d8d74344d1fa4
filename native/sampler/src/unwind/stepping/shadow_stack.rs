//! What is on the stack according to the instructions that ran: no table and no register but rsp is asked.

/// What an instruction does, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Instruction {
    Call,
    SystemCall,
    Other,
}

impl Instruction {
    pub fn decode(code: &[u8]) -> Instruction {
        let prefixes = code.iter().take_while(|&&byte| matches!(byte, 0x3e | 0x67 | 0xf2 | 0x40..=0x4f)).count();
        match code[prefixes..] {
            [0xe8, ..] => Instruction::Call,
            [0xff, modrm, ..] if modrm >> 3 & 7 == 2 => Instruction::Call,
            [0x0f, 0x05, ..] => Instruction::SystemCall,
            _ => Instruction::Other,
        }
    }
}

#[derive(Clone, Copy)]
enum Entry {
    Call { slot: u64, return_address: u64 },
    Signal { interrupted: u64 },
}

/// The calls that have not returned, and the signals that are being handled, outermost first.
#[derive(Default)]
pub struct ShadowStack {
    entries: Vec<Entry>,
}

impl ShadowStack {
    /// A return address has been put at `slot`, where rsp points now.
    pub fn call(&mut self, slot: u64, return_address: u64) {
        self.entries.push(Entry::Call { slot, return_address });
    }

    /// The kernel has put a call of the handler on some stack.
    pub fn signal(&mut self, interrupted: u64, slot: u64, return_address: u64) {
        self.entries.push(Entry::Signal { interrupted });
        self.call(slot, return_address);
    }

    /// A call is over once rsp is above its return address, however it came there: ret, or an exception.
    pub fn moved_to(&mut self, sp: u64) {
        while matches!(self.entries.last(), Some(Entry::Call { slot, .. }) if *slot < sp) {
            self.entries.pop();
        }
    }

    pub fn signal_returned(&mut self) {
        while matches!(self.entries.pop(), Some(Entry::Call { .. })) {}
    }

    /// Addresses by which frames are looked up, leaf first: callers inside of their call.
    pub fn frames(&self, ip: u64) -> Vec<u64> {
        let callers = self.entries.iter().enumerate().rev().map(|(index, entry)| match *entry {
            Entry::Signal { interrupted } => interrupted,
            Entry::Call { return_address, .. } if self.is_handler(index) => return_address, // a trampoline, not called
            Entry::Call { return_address, .. } => return_address - 1,
        });
        std::iter::once(ip).chain(callers).collect()
    }

    fn is_handler(&self, index: usize) -> bool {
        index.checked_sub(1).is_some_and(|below| matches!(self.entries[below], Entry::Signal { .. }))
    }
}
