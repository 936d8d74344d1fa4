//! The instructions of one piece of code that were reached.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::node::Node;
use crate::file::elf_file::ElfFile;
use crate::synthesis::gaps::padding::padding_length;
use crate::synthesis::gaps::uncovered::Uncovered;
use crate::synthesis::machine::writes::general_register;

/// Of functions, for all compilers.
pub(crate) const FUNCTION_ALIGNMENT: u64 = 16;
const NOT_REACHED: u32 = u32::MAX;

pub(crate) struct Reached<'a> {
    pub elf: &'a ElfFile<'a>,
    pub code: &'a [u8],
    pub address: u64,
    pub nodes: Vec<Node>,
    node_at: Vec<u32>,
}

impl<'a> Reached<'a> {
    pub fn new(elf: &'a ElfFile<'a>, uncovered: &'a Uncovered<'a>) -> Reached<'a> {
        let (address, code) = (uncovered.start, uncovered.code);
        Reached { elf, code, address, nodes: Vec::new(), node_at: vec![NOT_REACHED; code.len()] }
    }

    pub fn is_reached(&self, offset: usize) -> bool {
        self.node_at.get(offset).is_some_and(|&node| node != NOT_REACHED)
    }

    pub fn node(&self, offset: usize) -> Option<&Node> {
        self.nodes.get(*self.node_at.get(offset)? as usize)
    }

    /// Its index; `None` outside of the code, `Some(None)` where nothing was reached.
    pub fn index_at(&self, offset: u32) -> Option<Option<u32>> {
        let &index = self.node_at.get(offset as usize)?;
        Some((index != NOT_REACHED).then_some(index))
    }

    /// Adds what was not reached before; returns its index.
    pub fn add(&mut self, node: Node) -> u32 {
        let index = self.nodes.len() as u32;
        self.node_at[node.offset as usize] = index;
        self.nodes.push(node);
        index
    }

    pub fn decode(&self, offset: u32) -> Instruction {
        let code = &self.code[offset as usize..];
        let address = self.address.wrapping_add(u64::from(offset));
        Decoder::with_ip(64, &code[..code.len().min(15)], address, DecoderOptions::NONE).decode()
    }

    /// The reached instruction that ends where another begins.
    pub fn instruction_before(&self, offset: u32) -> Option<Instruction> {
        const LONGEST: u32 = 15;
        let node = (1..=LONGEST.min(offset))
            .filter_map(|length| self.node((offset - length) as usize))
            .find(|node| node.end() == offset)?;
        Some(self.decode(node.offset))
    }

    /// Where a direct jump or call leads inside this code.
    pub fn target(&self, instruction: &Instruction) -> Option<u32> {
        if instruction.op0_kind() != OpKind::NearBranch64 {
            return None;
        }
        let offset = instruction.near_branch64().wrapping_sub(self.address);
        u32::try_from(offset).ok().filter(|&offset| (offset as usize) < self.code.len())
    }

    /// Whether the code there is aligned by padding.
    pub fn may_begin_function(&self, offset: u32) -> bool {
        let padding = padding_length(&self.code[(offset as usize).min(self.code.len())..]) as u64;
        padding > 0 && (self.address + u64::from(offset) + padding) % FUNCTION_ALIGNMENT == 0
    }

    /// `cmp %reg, %rsp` right before the offset: how the loop ends that touches each page of a large frame.
    pub fn compared_with_stack_pointer(&self, offset: u32) -> Option<usize> {
        const LENGTH: usize = 3;
        let compare = self.instruction_before(offset)?;
        let is_compare = compare.mnemonic() == Mnemonic::Cmp && compare.len() == LENGTH;
        match (compare.op0_register(), compare.op1_register()) {
            (Register::RSP, other) | (other, Register::RSP) if is_compare => general_register(other),
            _ => None,
        }
    }
}
