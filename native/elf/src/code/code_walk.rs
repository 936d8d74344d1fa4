use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

const INT3: u8 = 0xcc;
/// More than any function of assembly that says neither its end nor how to unwind it; and what a walk costs is bounded.
const MAX_BYTES: u64 = 256 << 10;

/// The code of a function that says its end nowhere, instruction by instruction from its start.
///
/// It ends behind the first instruction from which control does not go on (`ret`, `jmp`, `ud2`, `int3`) and over which
/// no earlier branch leads. A jump through a register may lead anywhere: behind one, only `int3` ends the function,
/// with which linkers fill between what they put together. Code that cannot be read goes on. An alignment gap alone is
/// no end: loops are aligned too.
#[derive(Clone, Debug)]
pub struct CodeWalk {
    start: u64,
    next: u64,
    /// The highest address to which a branch leads.
    farthest: u64,
    jumps_anywhere: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Walking,
    Ended,
    Lost,
}

impl CodeWalk {
    pub fn from(start: u64) -> CodeWalk {
        CodeWalk { start, next: start, farthest: start, jumps_anywhere: false, state: State::Walking }
    }

    pub fn start(&self) -> u64 {
        self.start
    }

    /// Whether the function still goes on at an address behind its start. `code` begins at the start; it ends where
    /// the function does at the latest. Goes on from the highest address that was asked for.
    pub fn reaches(&mut self, code: &[u8], address: u64) -> bool {
        while self.state == State::Walking && self.next <= address {
            self.step(code);
        }
        self.state != State::Ended || address < self.next
    }

    fn step(&mut self, code: &[u8]) {
        let offset = self.next - self.start;
        let rest = usize::try_from(offset).ok().and_then(|offset| code.get(offset..)).unwrap_or_default();
        let instruction = Decoder::with_ip(64, rest, self.next, DecoderOptions::NONE).decode();
        if instruction.is_invalid() || offset >= MAX_BYTES {
            self.state = State::Lost;
            return;
        }
        self.next = instruction.next_ip();
        if let Some(target) = branch_target(&instruction) {
            let is_inside = target - self.start.min(target) < code.len() as u64;
            self.farthest = self.farthest.max(if is_inside { target } else { 0 });
        }
        self.jumps_anywhere |= jumps_anywhere(&instruction);
        let is_filled = rest.get(instruction.len()) == Some(&INT3) || rest[0] == INT3;
        if ends_path(&instruction) && self.farthest < self.next && (!self.jumps_anywhere || is_filled) {
            self.state = State::Ended;
        }
    }
}

/// Where a jump with its distance in the instruction leads, conditional or not.
fn branch_target(instruction: &Instruction) -> Option<u64> {
    let is_near = matches!(instruction.op0_kind(), OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64);
    (is_near && instruction.mnemonic() != Mnemonic::Call).then(|| instruction.near_branch_target())
}

/// Through a register or a table; a jump through a word at a fixed place (the GOT's) leads out of the file.
fn jumps_anywhere(instruction: &Instruction) -> bool {
    let is_indirect = instruction.mnemonic() == Mnemonic::Jmp && branch_target(instruction).is_none();
    is_indirect && !instruction.is_ip_rel_memory_operand()
}

fn ends_path(instruction: &Instruction) -> bool {
    use Mnemonic::{Hlt, Int3, Iretq, Jmp, Ret, Retf, Ud2};
    matches!(instruction.mnemonic(), Hlt | Int3 | Iretq | Jmp | Ret | Retf | Ud2)
}
