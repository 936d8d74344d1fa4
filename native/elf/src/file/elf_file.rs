use super::elf_error::ElfError;
use super::file_header::{check_identity, FileHeader};
use super::notes::find_build_id;
use super::program_headers::{read_program_headers, ProgramHeader, Segment};
use super::reader::Reader;
use super::sections::{Section, Sections, SHT_DYNSYM, SHT_NOTE, SHT_SYMTAB};

const ET_REL: u16 = 1;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const EM_X86_64: u16 = 62;
const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
const PF_X: u32 = 1;
/// In the header's byte for the ABI: what wasmtime compiled ahead of time, `.cwasm`.
const ELFOSABI_WASMTIME: u8 = 200;
pub(crate) const SYMBOL_SIZE: usize = 24;
const STT_FUNC: u8 = 2;
/// x86-64 maps files in pages of this size, whatever `p_align` says.
const PAGE_BYTES: u64 = 4096;
/// Tables of one kind that are read: real files have at most two symbol tables and a handful of notes, and
/// thousands that all cover the whole file would take quadratic time.
pub(crate) const MAX_TABLES_READ: usize = 16;

/// A 64-bit little-endian x86-64 executable or shared object, or a `.cwasm` of wasmtime. Borrows the bytes; cheap to make: only the headers
/// are read.
pub struct ElfFile<'data> {
    data: &'data [u8],
    entry: u64,
    headers: Vec<ProgramHeader>,
    pub(crate) sections: Sections<'data>,
}

impl<'data> ElfFile<'data> {
    /// Reads the file's headers. A missing or broken section header table is not an error: the file then counts as
    /// stripped of it.
    pub fn parse(data: &'data [u8]) -> Result<ElfFile<'data>, ElfError> {
        Self::parse_kinds(data, Some(&[ET_EXEC, ET_DYN]))
    }

    /// Of any type: .dwo files are object files.
    pub fn parse_sections(data: &'data [u8]) -> Result<ElfFile<'data>, ElfError> {
        Self::parse_kinds(data, None)
    }

    fn parse_kinds(data: &'data [u8], kinds: Option<&[u16]>) -> Result<ElfFile<'data>, ElfError> {
        check_identity(data)?;
        let header = FileHeader::read(data).ok_or(ElfError::Truncated("file header"))?;
        if header.machine != EM_X86_64 {
            return Err(ElfError::WrongMachine(header.machine));
        }
        let sections =
            Sections::parse(data, header.section_offset, header.section_size, header.section_count, header.names_index);
        if header.kind == ET_REL && data[7] == ELFOSABI_WASMTIME {
            return Ok(Self::mapped_as_it_is(data, sections));
        }
        if kinds.is_some_and(|kinds| !kinds.contains(&header.kind)) {
            return Err(ElfError::WrongType(header.kind));
        }
        let headers = read_program_headers(data, &header, &sections).ok_or(ElfError::Truncated("program headers"))?;
        Ok(ElfFile { data, entry: header.entry, headers, sections })
    }

    /// A `.cwasm` says that it is an object file, without program headers and addresses; but wasmtime maps all of it as
    /// it is, with the pages of .text executable, and its symbols, CFI and DWARF count from where .text begins.
    fn mapped_as_it_is(data: &'data [u8], sections: Sections<'data>) -> ElfFile<'data> {
        let text = sections.find(".text").filter(Section::is_code);
        let segment =
            |text: Section| Segment { vaddr: 0, offset: text.offset, file_size: text.size, memory_size: text.size };
        let headers =
            text.map(|text| ProgramHeader { kind: PT_LOAD, flags: PF_X, align: PAGE_BYTES, segment: segment(text) });
        let sections = text.map_or(sections, |text| sections.placed_from(&text));
        ElfFile { data, entry: 0, headers: headers.into_iter().collect(), sections }
    }

    /// `e_entry`; 0 in most shared objects.
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// The linker's build id (20 bytes usually), from the PT_NOTE segments, else from the note sections.
    pub fn build_id(&self) -> Option<&'data [u8]> {
        self.build_id_in_segments().or_else(|| self.build_id_in_sections())
    }

    /// The path in PT_INTERP without its NUL: bytes, as every path.
    pub fn interpreter(&self) -> Option<&'data [u8]> {
        let header = self.headers.iter().find(|header| header.kind == PT_INTERP)?;
        Reader::new(self.file_bytes(&header.segment)?).c_string()
    }

    /// False for every name when the section headers are stripped.
    pub fn has_section(&self, name: &str) -> bool {
        self.sections.find(name).is_some()
    }

    /// Whether .symtab or .dynsym (`dynamic`) defines a function.
    pub fn has_function_symbols(&self, dynamic: bool) -> bool {
        let kind = if dynamic { SHT_DYNSYM } else { SHT_SYMTAB };
        let tables = self.sections.iter().filter(|section| section.kind == kind).take(MAX_TABLES_READ);
        tables
            .filter_map(|section| self.sections.bytes(&section))
            .flat_map(|table| table.chunks_exact(SYMBOL_SIZE))
            .any(|symbol| is_defined_function(symbol).unwrap_or(false))
    }

    /// The file name in .gnu_debuglink: where the symbols are that were taken out of this file.
    pub fn debug_link(&self) -> Option<&'data [u8]> {
        Reader::new(self.sections.bytes(&self.sections.find(".gnu_debuglink")?)?).c_string()
    }

    /// The CRC-32 of that file, which .gnu_debuglink keeps in its last word.
    pub(crate) fn debug_link_sum(&self) -> Option<u32> {
        let link = self.sections.bytes(&self.sections.find(".gnu_debuglink")?)?;
        link.last_chunk().map(|sum| u32::from_le_bytes(*sum))
    }

    /// The executable PT_LOADs in file order (by `p_vaddr` in valid files).
    pub fn executable_segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.headers
            .iter()
            .filter(|header| header.kind == PT_LOAD && header.flags & PF_X != 0)
            .map(|header| header.segment)
    }

    /// The virtual address of a byte of the file that an executable PT_LOAD holds.
    pub fn address_of_file_offset(&self, offset: u64) -> Option<u64> {
        self.executable_segments()
            .find(|segment| segment.offset <= offset && offset < segment.offset_end())
            .map(|segment| segment.address_of(offset))
    }

    /// What a process address has to lose to become an address of this file, for an executable mapping that begins
    /// at `map_start` with the byte `map_file_offset` of the file: `address = process_address - bias`, wrapping.
    /// `None` when no executable PT_LOAD holds that byte.
    ///
    /// `map_start - map_file_offset` is wrong for LLD, where `p_vaddr` and `p_offset` of the text differ by pages.
    /// A mapping begins at the page below `p_offset`; two segments may share such a page, so that a segment which
    /// begins in it goes before one which merely ends in it.
    pub fn bias(&self, map_start: u64, map_file_offset: u64) -> Option<u64> {
        let page = |offset: u64| offset & !(PAGE_BYTES - 1);
        let holds =
            |segment: &Segment| page(segment.offset) <= map_file_offset && map_file_offset < segment.offset_end();
        let segment = self.executable_segments().filter(holds).max_by_key(|segment| page(segment.offset))?;
        Some(map_start.wrapping_sub(segment.address_of(map_file_offset)))
    }

    /// The file's bytes from a virtual address to the end of its PT_LOAD.
    pub(crate) fn bytes_from_address(&self, address: u64) -> Option<&'data [u8]> {
        let loads = self.headers.iter().filter(|header| header.kind == PT_LOAD);
        loads
            .filter_map(|header| {
                let skip = address.checked_sub(header.segment.vaddr)?;
                let bytes = self.file_bytes(&header.segment)?;
                bytes.get(usize::try_from(skip).ok()?..)
            })
            .find(|bytes| !bytes.is_empty())
    }

    /// The code from a virtual address to the end of its section; of its segment, where no section holds it.
    pub fn code_from(&self, address: u64) -> Option<&'data [u8]> {
        let sections = self.sections.iter().filter(|section| section.is_code());
        let skip = |section: &Section| address.checked_sub(section.address).filter(|&skip| skip < section.size);
        let found = sections.filter_map(|section| Some((skip(&section)?, section))).next();
        match found {
            Some((skip, section)) => self.sections.bytes(&section)?.get(skip as usize..),
            None => self.executable_segments().find_map(|segment| self.bytes_in_segment(&segment, address)),
        }
    }

    /// The file's bytes from a virtual address to the end of this segment, which holds it: without the search.
    pub(crate) fn bytes_in_segment(&self, segment: &Segment, address: u64) -> Option<&'data [u8]> {
        let skip = address.checked_sub(segment.vaddr)?;
        self.file_bytes(segment)?.get(usize::try_from(skip).ok()?..)
    }

    /// Address and content of PT_GNU_EH_FRAME, the .eh_frame_hdr.
    pub(crate) fn eh_frame_header(&self) -> Option<(u64, &'data [u8])> {
        let header = self.headers.iter().find(|header| header.kind == PT_GNU_EH_FRAME)?;
        let address = header.segment.vaddr;
        Some((address, self.bytes_from_address(address)?))
    }

    /// The size that a symbol table gives to the symbol at exactly this address; `None` without one or when 0.
    pub(crate) fn symbol_size_at(&self, address: u64) -> Option<u64> {
        let tables = self
            .sections
            .iter()
            .filter(|section| section.kind == SHT_SYMTAB || section.kind == SHT_DYNSYM)
            .take(MAX_TABLES_READ);
        tables
            .filter_map(|section| self.sections.bytes(&section))
            .flat_map(|table| table.chunks_exact(SYMBOL_SIZE))
            .filter_map(read_symbol)
            .find(|&(value, size)| value == address && size > 0)
            .map(|(_, size)| size)
    }

    fn build_id_in_segments(&self) -> Option<&'data [u8]> {
        self.headers
            .iter()
            .filter(|header| header.kind == PT_NOTE)
            .take(MAX_TABLES_READ)
            .filter_map(|header| Some((self.file_bytes(&header.segment)?, header.align)))
            .find_map(|(notes, align)| find_build_id(notes, align))
    }

    fn build_id_in_sections(&self) -> Option<&'data [u8]> {
        self.sections
            .iter()
            .filter(|section| section.kind == SHT_NOTE)
            .take(MAX_TABLES_READ)
            .filter_map(|section| self.sections.bytes(&section))
            .find_map(|notes| find_build_id(notes, 4))
    }

    fn file_bytes(&self, segment: &Segment) -> Option<&'data [u8]> {
        let start = usize::try_from(segment.offset).ok()?;
        let end = start.saturating_add(usize::try_from(segment.file_size).ok()?);
        self.data.get(start..end.min(self.data.len()))
    }
}

fn is_defined_function(bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader::at(bytes, 4);
    let (info, _visibility, section) = (reader.u8()?, reader.u8()?, reader.u16()?);
    Some(info & 0xf == STT_FUNC && section != 0)
}

/// Value and size.
fn read_symbol(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut reader = Reader::at(bytes, 8);
    Some((reader.u64()?, reader.u64()?))
}
