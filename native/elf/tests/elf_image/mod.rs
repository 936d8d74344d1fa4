//! A small ELF file made by hand around call frame information, and a table as text.
#![allow(dead_code)]

use bee_elf::{
    unwind_table, ElfFile, Rule, UnwindTable, CALLER_INTERRUPTED, FP_CFA, FP_RBP, FP_UNKNOWN, UNWIND_CFA, UNWIND_CLONE,
    UNWIND_DEREF, UNWIND_END, UNWIND_GAP, UNWIND_PLT, UNWIND_SIGNAL, UNWIND_UNSUPPORTED,
};

/// Text lies one page further in memory than in the file, as LLD lays it out.
pub const TEXT: u64 = 0x2000;
pub const TEXT_OFFSET: u64 = 0x1040;
pub const TEXT_BYTES: usize = 0x400;
const HEADER: u64 = 0x5000;
const HEADER_OFFSET: u64 = 0x2000;
const EH_FRAME: u64 = HEADER + 16;

/// What the file holds. Text is `nop`s unless `text` says otherwise.
#[derive(Default)]
pub struct Image {
    pub text: Vec<u8>,
    pub eh_frame: Vec<u8>,
    /// Needs section headers.
    pub debug_frame: Vec<u8>,
    /// Its section's.
    pub debug_frame_flags: u64,
    pub entry: u64,
    /// Writes section headers: .text (or this other name for it), .eh_frame, .symtab,
    /// .debug_frame.
    pub text_section: Option<&'static str>,
    /// Address and size.
    pub symbols: Vec<(u64, u64)>,
    /// The bytes of a PT_NOTE segment, and its alignment.
    pub notes: (Vec<u8>, u64),
    pub interpreter: Vec<u8>,
}

impl Image {
    pub fn with_cfi(cfi: Cfi) -> Image {
        Image { eh_frame: cfi.bytes, ..Image::default() }
    }

    pub fn table(&self) -> UnwindTable {
        unwind_table(&ElfFile::parse(&self.bytes()).unwrap()).unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut data = vec![0; TEXT_OFFSET as usize];
        data.extend(&self.text);
        data.resize(TEXT_OFFSET as usize + TEXT_BYTES, 0x90);
        data.resize(HEADER_OFFSET as usize, 0);
        // version 1, eh_frame_ptr absolute in 8 bytes, no count, no table
        data.extend([1, 0x04, 0xff, 0xff, 0, 0, 0, 0]);
        data.truncate(HEADER_OFFSET as usize + 4);
        data.extend(EH_FRAME.to_le_bytes());
        data.extend([0; 4]);
        data.extend(&self.eh_frame);
        let note_offset = append(&mut data, &self.notes.0);
        let interpreter_offset = append(&mut data, &self.interpreter);
        let eh_size = (data.len() as u64) - HEADER_OFFSET;
        let headers = [
            program_header(1, 4, HEADER_OFFSET, HEADER, eh_size, 0x1000),
            program_header(1, 5, TEXT_OFFSET, TEXT, TEXT_BYTES as u64, 0x1000),
            program_header(0x6474_e550, 4, HEADER_OFFSET, HEADER, 16, 4),
            program_header(4, 4, note_offset, 0, self.notes.0.len() as u64, self.notes.1),
            program_header(3, 4, interpreter_offset, 0, self.interpreter.len() as u64, 1),
        ];
        let sections = self.append_sections(&mut data);
        let header = file_header(self.entry, headers.len() as u16, sections);
        data[..64].copy_from_slice(&header);
        let headers = headers.concat();
        data[64..64 + headers.len()].copy_from_slice(&headers);
        data
    }

    /// Offset and number of the section headers.
    fn append_sections(&self, data: &mut Vec<u8>) -> (u64, u16) {
        let Some(name) = self.text_section else {
            return (0, 0);
        };
        let names = format!("\0.eh_frame\0.symtab\0.debug_frame\0{name}\0");
        let names_offset = append(data, names.as_bytes());
        let symbols: Vec<u8> = self.symbols.iter().flat_map(|&(address, size)| symbol(address, size)).collect();
        let symbols_offset = append(data, &symbols);
        let debug_offset = append(data, &self.debug_frame);
        let text_bytes = if self.text.is_empty() { TEXT_BYTES } else { self.text.len() };
        let mut sections = [
            section_header(0, 0, 0, 0, 0),
            section_header(1, 1, EH_FRAME, HEADER_OFFSET + 16, self.eh_frame.len()),
            section_header(11, 2, 0, symbols_offset, symbols.len()),
            section_header(19, 1, 0, debug_offset, self.debug_frame.len()),
            section_header(32, 1, TEXT, TEXT_OFFSET, text_bytes),
            section_header(0, 3, 0, names_offset, names.len()),
        ];
        sections[3][8..16].copy_from_slice(&self.debug_frame_flags.to_le_bytes());
        (append(data, &sections.concat()), sections.len() as u16)
    }
}

/// A file without code that holds these sections.
pub fn with_sections(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut data = vec![0; 64];
    let mut names = vec![0];
    let mut headers = vec![section_header(0, 0, 0, 0, 0)];
    for (name, bytes) in sections {
        let offset = append(&mut data, bytes);
        headers.push(section_header(names.len() as u32, 1, 0, offset, bytes.len()));
        names.extend(name.as_bytes());
        names.push(0);
    }
    let offset = append(&mut data, &names);
    headers.push(section_header(0, 3, 0, offset, names.len()));
    let table = (append(&mut data, &headers.concat()), headers.len() as u16);
    data[..64].copy_from_slice(&file_header(0, 0, table));
    data
}

/// Call frame information, entry by entry. Pointers are pcrel sdata4, as compilers write them.
pub struct Cfi {
    pub bytes: Vec<u8>,
    cie_offset: usize,
}

/// `def_cfa rsp 8; offset ra -8`: how every function begins.
pub const INITIAL: [u8; 5] = [0x0c, 7, 8, 0x90, 1];

impl Cfi {
    /// Begins with the CIE of all compilers.
    pub fn new() -> Cfi {
        Cfi::with_cie(b"zR\0", &[0x1b], &INITIAL)
    }

    pub fn with_cie(augmentation: &[u8], augmentation_data: &[u8], initial: &[u8]) -> Cfi {
        Cfi { bytes: Vec::new(), cie_offset: 0 }.cie(augmentation, augmentation_data, initial)
    }

    /// Code alignment 1, data alignment -8, return address in 16.
    pub fn cie(mut self, augmentation: &[u8], augmentation_data: &[u8], initial: &[u8]) -> Cfi {
        let mut body = vec![0, 0, 0, 0, 1];
        body.extend(augmentation);
        body.extend([1, 0x78, 16]);
        if augmentation.starts_with(b"z") {
            body.push(augmentation_data.len() as u8);
        }
        body.extend(augmentation_data);
        body.extend(initial);
        self.cie_offset = self.bytes.len();
        self.entry(&body)
    }

    /// Instructions of `TEXT + start .. + length`.
    pub fn fde(self, start: i64, length: u32, instructions: &[u8]) -> Cfi {
        let position = self.bytes.len() + 4;
        let mut body = ((position - self.cie_offset) as u32).to_le_bytes().to_vec();
        let address = (TEXT as i64 + start) - (EH_FRAME as i64 + position as i64 + 4);
        body.extend((address as i32).to_le_bytes());
        body.extend(length.to_le_bytes());
        body.push(0);
        body.extend(instructions);
        self.entry(&body)
    }

    /// An entry of any content: what stands behind its length.
    pub fn entry(mut self, body: &[u8]) -> Cfi {
        self.bytes.extend((body.len() as u32).to_le_bytes());
        self.bytes.extend(body);
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Cfi {
        self.bytes.extend(bytes);
        self
    }
}

/// The same for .debug_frame: plain addresses; the CIE is version 4.
pub struct DebugFrame {
    pub bytes: Vec<u8>,
    is_64_bit: bool,
}

impl DebugFrame {
    /// `is_64_bit`: of DWARF, whose lengths and offsets then have 8 bytes.
    pub fn new(is_64_bit: bool) -> DebugFrame {
        let mut body = vec![4, 0, 8, 0, 1, 0x78, 16];
        body.extend(INITIAL);
        DebugFrame { bytes: Vec::new(), is_64_bit }.entry(u64::MAX, &body)
    }

    /// Instructions of `TEXT + start .. + length`, under the CIE at the beginning.
    pub fn fde(self, start: i64, length: u64, instructions: &[u8]) -> DebugFrame {
        let mut body = (TEXT as i64 + start).to_le_bytes().to_vec();
        body.extend(length.to_le_bytes());
        body.extend(instructions);
        self.entry(0, &body)
    }

    pub fn entry(mut self, id: u64, body: &[u8]) -> DebugFrame {
        match self.is_64_bit {
            true => {
                self.bytes.extend(u32::MAX.to_le_bytes());
                self.bytes.extend((body.len() as u64 + 8).to_le_bytes());
                self.bytes.extend(id.to_le_bytes());
            }
            false => {
                self.bytes.extend((body.len() as u32 + 4).to_le_bytes());
                self.bytes.extend((id as u32).to_le_bytes());
            }
        }
        self.bytes.extend(body);
        self
    }
}

/// One word per row: offset in TEXT, CFA, and what is special about rbp.
pub fn text(table: &UnwindTable) -> String {
    let lines = table.rows.iter().map(|row| {
        let rule = table.rules[row.rule as usize];
        format!("{:x} {}", row.address - TEXT, rule_text(&rule))
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// By their numbers in rules.
const REGISTER_NAMES: [&str; 16] =
    ["rsp", "rbp", "r10", "rbx", "r11", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r12", "r13", "r14", "r15"];

pub fn rule_text(rule: &Rule) -> String {
    let register = REGISTER_NAMES[usize::from(rule.cfa_register)];
    let offset = rule.cfa_offset;
    let cfa = match rule.kind {
        UNWIND_GAP => return "gap".into(),
        UNWIND_END => return "end".into(),
        UNWIND_SIGNAL => return "signal".into(),
        UNWIND_UNSUPPORTED => return "unsupported".into(),
        UNWIND_CFA => format!("{register}{offset:+}"),
        UNWIND_DEREF => format!("deref({register}{offset:+}){:+}", rule.cfa_add),
        UNWIND_CLONE => format!("clone{offset:+}"),
        UNWIND_PLT => format!("plt{offset}"),
        kind => format!("kind{kind}"),
    };
    let fp = match rule.fp_kind {
        FP_CFA => format!(" c{:+}", rule.fp_offset),
        FP_RBP => format!(" *rbp{:+}", rule.fp_offset),
        FP_UNKNOWN => " rbp?".into(),
        _ => String::new(),
    };
    let return_address = if rule.ra_words == 1 { String::new() } else { format!(" ra-{}", 8 * rule.ra_words) };
    let interrupted = if rule.by & CALLER_INTERRUPTED == 0 { "" } else { " interrupted" };
    format!("{cfa}{fp}{return_address}{interrupted}")
}

fn append(data: &mut Vec<u8>, bytes: &[u8]) -> u64 {
    data.resize(data.len().next_multiple_of(8), 0);
    let offset = data.len() as u64;
    data.extend(bytes);
    offset
}

fn file_header(entry: u64, program_headers: u16, (section_offset, sections): (u64, u16)) -> Vec<u8> {
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(16, 0);
    header.extend(3u16.to_le_bytes());
    header.extend(62u16.to_le_bytes());
    header.extend(1u32.to_le_bytes());
    for value in [entry, 64, section_offset] {
        header.extend(value.to_le_bytes());
    }
    header.extend(0u32.to_le_bytes());
    for value in [64, 56, program_headers, 64, sections, sections.saturating_sub(1)] {
        header.extend(value.to_le_bytes());
    }
    header
}

fn program_header(kind: u32, flags: u32, offset: u64, vaddr: u64, size: u64, align: u64) -> Vec<u8> {
    let mut header = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
    for value in [offset, vaddr, vaddr, size, size, align] {
        header.extend(value.to_le_bytes());
    }
    header
}

fn section_header(name: u32, kind: u32, address: u64, offset: u64, size: usize) -> Vec<u8> {
    let mut header = [name.to_le_bytes(), kind.to_le_bytes()].concat();
    for value in [0, address, offset, size as u64, 0, 0, 0] {
        header.extend(value.to_le_bytes());
    }
    header.truncate(64);
    header
}

fn symbol(address: u64, size: u64) -> Vec<u8> {
    [[0; 8], address.to_le_bytes(), size.to_le_bytes()].concat()
}
