//! Where a jump through a table leads: compilers put the table's address, and a comparison with the number of its
//! entries, right before it.
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::reached::Reached;
use crate::synthesis::machine::writes::{general_register, written_registers};

/// Between the comparison and the jump.
const MAX_LOOKBACK: usize = 16;
/// Interpreters and parsers have some thousand.
const MAX_ENTRIES: u64 = 4096;

struct Table {
    address: u64,
    entries: Entries,
    count: u64,
}

/// How a table's entries say their targets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Entries {
    /// 32 bits, from this address.
    From(u64),
    /// 64-bit addresses.
    Absolute,
}

/// The targets of the indirect jump at an offset; `None` where its table is not found.
pub(crate) fn targets(reached: &Reached<'_>, offset: u32, jump: &Instruction) -> Option<Vec<u64>> {
    let before = instructions_before(reached, offset);
    let table = match jump.op0_kind() {
        OpKind::Memory => absolute_table(jump, &before)?,
        _ => table_of_register(general_register(jump.op0_register())?, &before)?,
    };
    let bytes = reached.elf.bytes_from_address(table.address)?;
    let count = table.count as usize;
    let targets: Vec<u64> = match table.entries {
        Entries::From(base) => {
            let distances = bytes.chunks_exact(4).filter_map(|entry| Some(i32::from_le_bytes(entry.try_into().ok()?)));
            distances.take(count).map(|distance| base.wrapping_add(distance as u64)).collect()
        }
        Entries::Absolute => {
            let addresses = bytes.chunks_exact(8).filter_map(|entry| Some(u64::from_le_bytes(entry.try_into().ok()?)));
            addresses.take(count).collect()
        }
    };
    (targets.len() == count).then_some(targets)
}

/// The nearest first.
fn instructions_before(reached: &Reached<'_>, mut offset: u32) -> Vec<Instruction> {
    let mut found = Vec::new();
    while found.len() < MAX_LOOKBACK {
        let Some(before) = reached.instruction_before(offset) else { break };
        offset -= before.len() as u32;
        found.push(before);
    }
    found
}

/// A loaded address, or a distance that was loaded and what it counts from.
fn table_of_register(target: usize, before: &[Instruction]) -> Option<Table> {
    let (at, last) = last_write(target, before)?;
    let rest = &before[at + 1..];
    match last.mnemonic() {
        Mnemonic::Mov => absolute_table(last, rest),
        Mnemonic::Add => {
            let added = general_register(last.op1_register())?;
            // Either of the two may be the distance.
            let (load_at, load) = [target, added]
                .into_iter()
                .find_map(|it| last_write(it, rest).filter(|(_, write)| write.mnemonic() == Mnemonic::Movsxd))?;
            let base = if general_register(load.op0_register()) == Some(target) { added } else { target };
            let (_, from) = last_write(base, rest)?;
            relative_table(load, &rest[load_at + 1..], place(from)?)
        }
        _ => None,
    }
}

fn relative_table(load: &Instruction, before: &[Instruction], from: u64) -> Option<Table> {
    let is_scaled = load.memory_index() != Register::None && load.memory_index_scale() == 4;
    let base = general_register(load.memory_base()).filter(|_| is_scaled && load.memory_displacement64() == 0)?;
    let address = place(last_write(base, before)?.1)?;
    Some(Table { address, entries: Entries::From(from), count: entry_count(load.memory_index(), before)? })
}

/// `lea place(%rip), %reg`
fn place(lea: &Instruction) -> Option<u64> {
    let is_place = lea.mnemonic() == Mnemonic::Lea && lea.memory_base() == Register::RIP;
    is_place.then(|| lea.memory_displacement64())
}

/// `table(,%reg,8)`, in programs that are not moved.
fn absolute_table(load: &Instruction, before: &[Instruction]) -> Option<Table> {
    let is_scaled = load.memory_index() != Register::None && load.memory_index_scale() == 8;
    let is_fixed = is_scaled && load.memory_base() == Register::None;
    let address = is_fixed.then(|| load.memory_displacement64())?;
    Some(Table { address, entries: Entries::Absolute, count: entry_count(load.memory_index(), before)? })
}

fn last_write(register: usize, before: &[Instruction]) -> Option<(usize, &Instruction)> {
    before.iter().enumerate().find(|(_, it)| written_registers(it).any(|written| written == register))
}

/// From `cmp $last, index; ja`; copies of the index are followed back, also to one that was compared after it was copied.
/// `and $last, index` bounds it where no other branch is near, which may bound it further.
fn entry_count(index: Register, before: &[Instruction]) -> Option<u64> {
    let mut index = general_register(index)?;
    let mut exceeds = None;
    let mut compared: Option<(usize, u64)> = None;
    for instruction in before {
        let register =
            general_register(instruction.op0_register()).filter(|_| instruction.op0_kind() == OpKind::Register);
        let is_index = register == Some(index);
        match instruction.mnemonic() {
            jump @ (Mnemonic::Ja | Mnemonic::Jae) => exceeds = Some(jump),
            Mnemonic::Cmp => {
                let Some(jump) = exceeds.take() else { continue };
                let count = limit(instruction)? + u64::from(jump == Mnemonic::Ja);
                if is_index {
                    return Some(count);
                }
                compared = register.map(|register| (register, count));
            }
            Mnemonic::Mov | Mnemonic::Movzx if is_index && instruction.op1_kind() == OpKind::Register => {
                index = general_register(instruction.op1_register())?;
                if let Some((_, count)) = compared.filter(|(register, _)| *register == index) {
                    return Some(count);
                }
            }
            Mnemonic::And if is_index => {
                let is_compared = before.iter().any(|it| it.op0_kind() == OpKind::NearBranch64);
                return limit(instruction).map(|last| last + 1).filter(|_| !is_compared);
            }
            _ => {
                let is_written = |register: usize| written_registers(instruction).any(|written| written == register);
                if is_written(index) {
                    return None;
                }
                compared = compared.filter(|&(register, _)| !is_written(register));
            }
        }
    }
    None
}

fn limit(instruction: &Instruction) -> Option<u64> {
    let is_immediate = !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory);
    let value = is_immediate.then(|| instruction.immediate(1))?;
    let is_byte = matches!(instruction.op1_kind(), OpKind::Immediate8); // compared without a sign
    let value = if is_byte { value & 0xff } else { value };
    (value < MAX_ENTRIES).then_some(value)
}
