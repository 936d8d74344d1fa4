//! What an instruction does to the state.
use iced_x86::{Code, Instruction, Mnemonic, OpKind, Register};

use super::state::{State, Thread, RAX, RBP, RSP};
use super::value::Value;
use super::writes::{general_register, is_whole, written_bytes, written_registers};

const CLONE: u32 = 56;
const CLONE3: u32 = 435;
const WORD: i32 = 8;

/// The state behind the instruction, as far as it goes on there; `at` is its place, by which floating values are told
/// apart. Jumps and calls change nothing here.
pub(crate) fn apply(state: &mut State, instruction: &Instruction, at: u32) {
    match instruction.mnemonic() {
        Mnemonic::Push | Mnemonic::Pushf | Mnemonic::Pushfq => push(state, instruction, at),
        Mnemonic::Pop | Mnemonic::Popf | Mnemonic::Popfq => pop(state, instruction, at),
        Mnemonic::Enter | Mnemonic::Leave => frame(state, instruction, at),
        Mnemonic::Mov => mov(state, instruction, at),
        Mnemonic::Lea => assign(state, instruction, address(state, instruction), at),
        Mnemonic::Add | Mnemonic::Sub | Mnemonic::Inc | Mnemonic::Dec => add(state, instruction, at),
        Mnemonic::And => and(state, instruction, at),
        Mnemonic::Xor if is_cleared(instruction) => assign(state, instruction, Value::Number(0), at),
        Mnemonic::Xchg => xchg(state, instruction, at),
        Mnemonic::Syscall => {
            let number = state.register(RAX);
            state.after_system_call(matches!(number, Value::Number(CLONE | CLONE3)));
        }
        _ => forget_written(state, instruction, at),
    }
}

/// The states where a conditional jump goes and where it does not, behind the system call of clone: its answer is 0 in the
/// new thread, and what is negative is no thread at all.
pub(crate) fn split_threads(state: &State, mnemonic: Mnemonic) -> (State, State) {
    let (old, new) = (state.in_thread(Thread::Caller), state.in_thread(Thread::New));
    match mnemonic {
        Mnemonic::Je => (new, old),
        Mnemonic::Jne => (old, new),
        Mnemonic::Js | Mnemonic::Jl => (old, *state),
        Mnemonic::Jns | Mnemonic::Jge => (*state, old),
        _ => (*state, *state),
    }
}

fn push(state: &mut State, instruction: &Instruction, at: u32) {
    if is_short(instruction.code()) {
        return state.float(RSP, at);
    }
    let value = match instruction.op0_kind() {
        OpKind::Register => without_number(whole_register(state, instruction.op0_register())),
        OpKind::Memory => state.load(address(state, instruction)),
        OpKind::Immediate8to64 | OpKind::Immediate32to64 => number(instruction.immediate(0)),
        _ => Value::Unknown,
    };
    state.push(value, at);
}

fn pop(state: &mut State, instruction: &Instruction, at: u32) {
    if is_short(instruction.code()) {
        forget_written(state, instruction, at);
        return state.float(RSP, at);
    }
    let value = state.pop(at);
    match instruction.op0_kind() {
        OpKind::Register if is_whole(instruction.op0_register()) => assign(state, instruction, value, at),
        OpKind::Memory => state.store(address(state, instruction), WORD, without_number(value)),
        _ => {}
    }
}

/// 16 bits wide, which no compiler makes.
fn is_short(code: Code) -> bool {
    matches!(
        code,
        Code::Push_r16
            | Code::Push_rm16
            | Code::Pushw_imm8
            | Code::Push_imm16
            | Code::Pushw_FS
            | Code::Pushw_GS
            | Code::Pushfw
            | Code::Pop_r16
            | Code::Pop_rm16
            | Code::Popw_FS
            | Code::Popw_GS
            | Code::Popfw
            | Code::Enterw_imm16_imm8
            | Code::Leavew
    )
}

fn frame(state: &mut State, instruction: &Instruction, at: u32) {
    if is_short(instruction.code()) {
        state.set_register(RBP, Value::Unknown, at);
        return state.float(RSP, at);
    }
    if instruction.mnemonic() == Mnemonic::Leave {
        state.set_register(RSP, state.register(RBP), at);
        let saved = state.pop(at);
        return state.set_register(RBP, saved, at);
    }
    state.push(state.register(RBP), at);
    state.set_register(RBP, state.register(RSP), at);
    let is_nested = instruction.immediate8_2nd() & 31 != 0; // copies of outer frames' pointers lie below
    let top = state.register(RSP).plus(-i64::from(instruction.immediate16()));
    if is_nested {
        return state.float(RSP, at);
    }
    state.set_register(RSP, top, at);
}

fn mov(state: &mut State, instruction: &Instruction, at: u32) {
    if let Some(bytes) = written_bytes(instruction) {
        let value = match instruction.op1_kind() {
            OpKind::Register => without_number(whole_register(state, instruction.op1_register())),
            _ => Value::Unknown,
        };
        return state.store(address(state, instruction), bytes, value);
    }
    let value = match instruction.op1_kind() {
        OpKind::Register if is_whole(instruction.op0_register()) => whole_register(state, instruction.op1_register()),
        OpKind::Memory if is_whole(instruction.op0_register()) => state.load(address(state, instruction)),
        OpKind::Immediate8 if instruction.op0_register() == Register::AL => low_byte(state, instruction.immediate8()),
        OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64 => number(instruction.immediate(1)),
        _ => Value::Unknown,
    };
    assign(state, instruction, value, at);
}

fn add(state: &mut State, instruction: &Instruction, at: u32) {
    if instruction.op0_kind() != OpKind::Register || !is_whole(instruction.op0_register()) {
        return match instruction.mnemonic() {
            Mnemonic::Sub if is_cleared(instruction) => assign(state, instruction, Value::Number(0), at),
            _ => forget_written(state, instruction, at),
        };
    }
    let amount = match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Inc | Mnemonic::Dec, _) => Some(1),
        (_, OpKind::Immediate8to64 | OpKind::Immediate32to64) => Some(instruction.immediate(1) as i64),
        (_, OpKind::Register) => match whole_register(state, instruction.op1_register()) {
            Value::Number(number) => Some(i64::from(number)),
            _ => None,
        },
        _ => None,
    };
    let sign = if matches!(instruction.mnemonic(), Mnemonic::Sub | Mnemonic::Dec) { -1 } else { 1 };
    let value = match amount {
        Some(amount) => whole_register(state, instruction.op0_register()).plus(sign * amount),
        None if sign < 0 && is_cleared(instruction) => Value::Number(0),
        None => Value::Unknown,
    };
    assign(state, instruction, value, at);
}

/// Aligning makes a place whose distance to the CFA is unknown.
fn and(state: &mut State, instruction: &Instruction, at: u32) {
    let aligned = Some(instruction.op0_register())
        .filter(|&register| instruction.op0_kind() == OpKind::Register && is_whole(register))
        .and_then(general_register)
        .filter(|&register| state.register(register).is_address());
    match aligned {
        // A stack pointer that floats already is worth more than an aligned pointer to a variable.
        Some(register) if register != RSP && matches!(state.register(RSP), Value::Floating(_)) => {
            forget_written(state, instruction, at);
        }
        Some(register) if instruction.op1_kind() != OpKind::Register => state.float(register, at),
        _ => forget_written(state, instruction, at),
    }
}

fn xchg(state: &mut State, instruction: &Instruction, at: u32) {
    let (one, other) = (instruction.op0_register(), instruction.op1_register());
    let are_registers = instruction.op0_kind() == OpKind::Register && instruction.op1_kind() == OpKind::Register;
    let (Some(first), Some(second)) = (general_register(one), general_register(other)) else {
        return forget_written(state, instruction, at);
    };
    if !are_registers || !is_whole(one) {
        return forget_written(state, instruction, at);
    }
    let (first_value, second_value) = (state.register(first), state.register(second));
    state.set_register(first, second_value, at);
    state.set_register(second, first_value, at);
}

fn forget_written(state: &mut State, instruction: &Instruction, at: u32) {
    for register in written_registers(instruction) {
        state.set_register(register, Value::Unknown, at);
    }
    if let Some(bytes) = written_bytes(instruction) {
        state.store(address(state, instruction), bytes, Value::Unknown);
    }
}

/// To the register that is the first operand; less than all of it makes it unknown, but for numbers, which have no upper
/// half.
fn assign(state: &mut State, instruction: &Instruction, value: Value, at: u32) {
    let target = instruction.op0_register();
    let Some(register) = general_register(target) else { return };
    let is_kept = is_whole(target) || matches!(value, Value::Number(_));
    state.set_register(register, if is_kept { value } else { Value::Unknown }, at);
}

/// What a memory operand or `lea` comes to; unknown with an index or in another segment.
fn address(state: &State, instruction: &Instruction) -> Value {
    let is_plain = instruction.memory_index() == Register::None
        && !matches!(instruction.segment_prefix(), Register::FS | Register::GS);
    match is_plain {
        true => whole_register(state, instruction.memory_base()).plus(instruction.memory_displacement64() as i64),
        false => Value::Unknown,
    }
}

fn whole_register(state: &State, register: Register) -> Value {
    let number = general_register(register).filter(|_| is_whole(register));
    number.map_or(Value::Unknown, |number| state.register(number))
}

fn without_number(value: Value) -> Value {
    match value {
        Value::Number(_) => Value::Unknown,
        value => value,
    }
}

fn number(immediate: u64) -> Value {
    u32::try_from(immediate).map_or(Value::Unknown, Value::Number)
}

fn low_byte(state: &State, byte: u8) -> Value {
    match state.register(RAX) {
        Value::Number(number) => Value::Number(number & !0xff | u32::from(byte)),
        _ => Value::Unknown,
    }
}

fn is_cleared(instruction: &Instruction) -> bool {
    let register = instruction.op0_register();
    let is_wide = general_register(register).is_some() && register as usize >= Register::EAX as usize;
    let kinds = (instruction.op0_kind(), instruction.op1_kind());
    is_wide && kinds == (OpKind::Register, OpKind::Register) && register == instruction.op1_register()
}
