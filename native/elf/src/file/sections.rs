use super::reader::Reader;

pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_NOTE: u32 = 7;
pub(crate) const SHT_NOBITS: u32 = 8;
pub(crate) const SHT_DYNSYM: u32 = 11;
const SECTION_HEADER_SIZE: usize = 64;
const SHN_XINDEX: u32 = 0xffff;
const SHF_EXECINSTR: u64 = 4;
const SHF_COMPRESSED: u64 = 0x800;

#[derive(Clone, Copy)]
pub(crate) struct Section {
    name: u32,
    pub kind: u32,
    flags: u64,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub info: u32,
    pub link: u32,
    pub entry_size: u64,
}

impl Section {
    pub fn is_code(&self) -> bool {
        self.flags & SHF_EXECINSTR != 0
    }

    pub fn is_compressed(&self) -> bool {
        self.flags & SHF_COMPRESSED != 0
    }
}

/// The section header table; empty when it is absent or lies outside of the file.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sections<'a> {
    data: &'a [u8],
    headers: &'a [u8],
    names: &'a [u8],
    /// The file offset at which addresses begin, of files whose sections have none.
    base: Option<u64>,
}

impl<'a> Sections<'a> {
    /// `count` and `names_index` as in the ELF header; both may be escaped into section 0.
    pub fn parse(data: &'a [u8], offset: u64, entry_size: u16, count: u16, names_index: u16) -> Sections<'a> {
        if offset == 0 || usize::from(entry_size) != SECTION_HEADER_SIZE {
            return Sections::default();
        }
        Self::read(data, offset, count, names_index).unwrap_or_default()
    }

    fn read(data: &'a [u8], offset: u64, count: u16, names_index: u16) -> Option<Sections<'a>> {
        let table = data.get(usize::try_from(offset).ok()?..)?;
        let first = read_header(table)?;
        let count = match count {
            0 => usize::try_from(first.size).ok()?,
            count => usize::from(count),
        };
        let headers = table.get(..count.checked_mul(SECTION_HEADER_SIZE)?)?;
        let mut sections = Sections { data, headers, names: &[], base: None };
        let names_index = match u32::from(names_index) {
            SHN_XINDEX => first.link,
            index => index,
        };
        if let Some(names) = sections.iter().nth(names_index as usize) {
            sections.names = sections.bytes(&names).unwrap_or_default();
        }
        Some(sections)
    }

    pub fn iter(&self) -> impl Iterator<Item = Section> + 'a {
        let base = self.base;
        let place = move |section: Section| match base {
            Some(base) => Section { address: section.offset.wrapping_sub(base), ..section },
            None => section,
        };
        self.headers.chunks_exact(SECTION_HEADER_SIZE).filter_map(read_header).map(place)
    }

    /// With addresses as far from each other as the sections are in the file, and this one at 0.
    pub fn placed_from(self, section: &Section) -> Sections<'a> {
        Sections { base: Some(section.offset), ..self }
    }

    pub fn find(&self, name: &str) -> Option<Section> {
        self.iter().find(|section| self.is_named(section, name))
    }

    pub fn is_named(&self, section: &Section, name: &str) -> bool {
        let rest = self.names.get(section.name as usize..).unwrap_or_default();
        rest.strip_prefix(name.as_bytes()).is_some_and(|tail| tail.first() == Some(&0))
    }

    /// The section's content in the file; `None` for .bss-like sections and those that lie outside of it.
    pub fn bytes(&self, section: &Section) -> Option<&'a [u8]> {
        if section.kind == SHT_NOBITS {
            return None;
        }
        let start = usize::try_from(section.offset).ok()?;
        let end = start.checked_add(usize::try_from(section.size).ok()?)?;
        self.data.get(start..end)
    }
}

fn read_header(bytes: &[u8]) -> Option<Section> {
    let mut reader = Reader::new(bytes);
    let (name, kind) = (reader.u32()?, reader.u32()?);
    let flags = reader.u64()?;
    let (address, offset, size) = (reader.u64()?, reader.u64()?, reader.u64()?);
    let (link, info) = (reader.u32()?, reader.u32()?);
    let (_alignment, entry_size) = (reader.u64()?, reader.u64()?);
    Some(Section { name, kind, flags, address, offset, size, info, link, entry_size })
}
