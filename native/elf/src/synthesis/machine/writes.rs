//! What instructions change that have no meaning of their own for the stack. More than they do is no harm: it is then
//! taken for unknown.
use iced_x86::{Instruction, MemorySize, Mnemonic, OpKind, Register};

use super::state::{RAX, RBX, RCX, RDI, RDX, RSI};

/// The whole register's hardware number, for any part of a general one.
pub(crate) fn general_register(register: Register) -> Option<usize> {
    use Register as R;
    let number = register as usize;
    Some(match register {
        R::AL | R::CL | R::DL | R::BL => number - R::AL as usize,
        R::AH | R::CH | R::DH | R::BH => number - R::AH as usize,
        _ if (R::SPL as usize..=R::R15L as usize).contains(&number) => number - R::SPL as usize + 4,
        _ if (R::AX as usize..=R::R15 as usize).contains(&number) => (number - R::AX as usize) % 16,
        _ => return None,
    })
}

pub(crate) fn is_whole(register: Register) -> bool {
    (Register::RAX as usize..=Register::R15 as usize).contains(&(register as usize))
}

/// The general registers that it may change, but for the stack pointer's own instructions.
pub(crate) fn written_registers(instruction: &Instruction) -> impl Iterator<Item = usize> + '_ {
    let operands = match instruction.mnemonic() {
        mnemonic if is_reader(mnemonic) => 0,
        Mnemonic::Xchg | Mnemonic::Xadd | Mnemonic::Mulx => 2,
        mnemonic if writes_second(mnemonic) => 2,
        _ => 1,
    };
    let named = (0..operands.min(instruction.op_count()))
        .filter(|&operand| instruction.op_kind(operand) == OpKind::Register)
        .filter_map(|operand| general_register(instruction.op_register(operand)));
    named.chain(implied_registers(instruction).iter().copied())
}

/// The bytes it may write at its memory operand; `None` when it only reads there.
pub(crate) fn written_bytes(instruction: &Instruction) -> Option<i32> {
    if instruction.op0_kind() != OpKind::Memory || is_reader(instruction.mnemonic()) {
        return None;
    }
    let is_register = instruction.op1_kind() == OpKind::Register;
    let stored = is_register.then(|| register_bytes(instruction.op1_register())).flatten();
    Some(stored.unwrap_or_else(|| memory_bytes(instruction.memory_size())))
}

fn register_bytes(register: Register) -> Option<i32> {
    use Register as R;
    let number = register as usize;
    let is_between = |first: Register, last: Register| (first as usize..=last as usize).contains(&number);
    Some(match register {
        _ if is_between(R::AL, R::R15L) => 1,
        _ if is_between(R::AX, R::R15W) => 2,
        _ if is_between(R::EAX, R::R15D) => 4,
        _ if is_between(R::RAX, R::R15) => 8,
        _ if is_between(R::XMM0, R::XMM31) => 16,
        _ if is_between(R::YMM0, R::YMM31) => 32,
        _ if is_between(R::ZMM0, R::ZMM31) => 64,
        _ => return None,
    })
}

/// Of what compilers store without a register; all else may be a processor's state.
fn memory_bytes(size: MemorySize) -> i32 {
    match size {
        MemorySize::UInt8 | MemorySize::Int8 => 1,
        MemorySize::UInt16 | MemorySize::Int16 => 2,
        MemorySize::UInt32 | MemorySize::Int32 | MemorySize::Float32 => 4,
        MemorySize::UInt64 | MemorySize::Int64 | MemorySize::Float64 => 8,
        MemorySize::Float80 => 10,
        _ => LARGEST_STATE,
    }
}

/// XSAVE's area with all that is defined has some 11 KB (AMX).
const LARGEST_STATE: i32 = 1 << 14;

/// Operands are read alone.
fn is_reader(mnemonic: Mnemonic) -> bool {
    use Mnemonic as M;
    matches!(
        mnemonic,
        M::Cmp | M::Test | M::Bt | M::Nop | M::Jmp | M::Call | M::Push | M::Out | M::Mul | M::Div | M::Idiv
    )
}

/// The comparing exchanges of Sapphire Rapids' successors.
fn writes_second(mnemonic: Mnemonic) -> bool {
    let number = mnemonic as usize;
    let (first, last) = (Mnemonic::Cmpbexadd as usize, Mnemonic::Cmpzxadd as usize);
    (first.min(last)..=first.max(last)).contains(&number)
}

/// Registers that are changed and not named.
fn implied_registers(instruction: &Instruction) -> &'static [usize] {
    use Mnemonic as M;
    match instruction.mnemonic() {
        M::Mul | M::Div | M::Idiv | M::Imul | M::Cmpxchg | M::Cmpxchg8b | M::Cmpxchg16b => &[RAX, RDX],
        M::Cbw | M::Cwde | M::Cdqe | M::Lahf | M::Xlatb | M::Xbegin | M::Xabort | M::In => &[RAX],
        M::Cwd | M::Cdq | M::Cqo => &[RDX],
        M::Cpuid => &[RAX, RBX, RCX, RDX],
        M::Rdtsc | M::Rdtscp | M::Rdpmc | M::Rdmsr | M::Xgetbv | M::Rdpkru | M::Rdpru => &[RAX, RCX, RDX],
        M::Lodsb | M::Lodsw | M::Lodsd | M::Lodsq => &[RAX, RCX, RSI],
        M::Movsb | M::Movsw | M::Movsd | M::Movsq | M::Cmpsb | M::Cmpsw | M::Cmpsd | M::Cmpsq => &[RCX, RSI, RDI],
        M::Stosb | M::Stosw | M::Stosd | M::Stosq | M::Scasb | M::Scasw | M::Scasd | M::Scasq => &[RCX, RDI],
        M::Insb | M::Insw | M::Insd | M::Outsb | M::Outsw | M::Outsd => &[RCX, RSI, RDI],
        M::Loop | M::Loope | M::Loopne => &[RCX],
        M::Pcmpestri | M::Pcmpistri | M::Vpcmpestri | M::Vpcmpistri => &[RCX],
        M::Pcmpestri64 | M::Vpcmpestri64 => &[RCX],
        M::Syscall | M::Sysenter | M::Int | M::Vmcall | M::Vmmcall | M::Tdcall | M::Enclu | M::Encls | M::Enclv => {
            &[RAX, RBX, RCX, RDX, RSI, RDI, 8, 9, 10, 11]
        }
        M::Getsec | M::Pconfig | M::Skinit | M::Seamcall => &[RAX, RBX, RCX, RDX],
        M::Xcryptecb | M::Xcryptcbc | M::Xcryptctr | M::Xcryptcfb | M::Xcryptofb => &[RAX, RCX, RSI, RDI],
        M::Xstore | M::Montmul | M::Xsha1 | M::Xsha256 | M::Xsha512 => &[RAX, RCX, RDX, RSI, RDI],
        M::Ccs_hash | M::Ccs_encrypt => &[RAX, RBX, RCX, RDX, RSI, RDI],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::RSP;
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, OpAccess};

    const INSTRUCTIONS: usize = 2_000_000;

    /// xorshift64*
    fn next(random: &mut u64) -> u64 {
        *random ^= *random >> 12;
        *random ^= *random << 25;
        *random ^= *random >> 27;
        random.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The stack pointer's own instructions have an effect of their own.
    fn moves_stack_pointer(instruction: &Instruction) -> bool {
        use Mnemonic as M;
        matches!(instruction.mnemonic(), M::Pushf | M::Pushfq | M::Pop | M::Popf | M::Popfq | M::Enter | M::Leave)
            || matches!(instruction.mnemonic(), M::Push | M::Call | M::Ret | M::Retf | M::Iret | M::Iretd | M::Iretq)
            || matches!(instruction.mnemonic(), M::Syscall | M::Sysexit | M::Sysexitq | M::Sysret | M::Sysretq)
            || matches!(instruction.mnemonic(), M::Uiret | M::Eretu | M::Erets)
            || instruction.mnemonic() == M::Skinit // starts another kernel
    }

    #[test]
    fn all_registers_that_iced_knows_to_be_written() {
        let mut factory = InstructionInfoFactory::new();
        let mut random = 0x9e37_79b9_7f4a_7c15;
        let mut missing = std::collections::BTreeSet::new();
        for _ in 0..INSTRUCTIONS {
            let bytes = [next(&mut random).to_le_bytes(), next(&mut random).to_le_bytes()].concat();
            let instruction = Decoder::new(64, &bytes[..15], DecoderOptions::NONE).decode();
            if instruction.is_invalid() || moves_stack_pointer(&instruction) {
                continue;
            }
            let written: Vec<usize> = written_registers(&instruction).collect();
            for used in factory.info(&instruction).used_registers() {
                let is_written = !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess);
                let register = general_register(used.register()).filter(|_| is_written);
                if register.is_some_and(|register| register != RSP && !written.contains(&register)) {
                    missing.insert(format!("{:?} {:?}", instruction.mnemonic(), used.register()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
