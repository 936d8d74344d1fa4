//! The arrays that hold the unwind tables (bpf/unwind.h), as memory: the BPF program reads them while we write.

use bee_elf::Rule;

use crate::kernel::bpf::array_memory::ArrayMemory;

pub struct TableArrays {
    pub directory: ArrayMemory<u64>,
    pub rows: ArrayMemory<u32>,
    pub rules: ArrayMemory<Rule>,
}

#[cfg(test)]
impl TableArrays {
    /// That no BPF program reads.
    pub fn apart(words: usize, rows: usize, rules: usize) -> std::io::Result<TableArrays> {
        let (directory, rows) = (ArrayMemory::apart(words)?, ArrayMemory::apart(rows)?);
        Ok(TableArrays { directory, rows, rules: ArrayMemory::apart(rules)? })
    }
}
