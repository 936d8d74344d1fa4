use crate::file::elf_file::ElfFile;

/// The sections that a sweep reads, in the order of [`DebugSections::new`].
pub const DEBUG_SECTION_NAMES: [&str; 10] = [
    ".debug_info",
    ".debug_abbrev",
    ".debug_str",
    ".debug_line_str",
    ".debug_str_offsets",
    ".debug_addr",
    ".debug_line",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_aranges",
];

/// The content of a file's debug sections, decompressed; empty where there is none.
#[derive(Clone, Copy, Default)]
pub struct DebugSections<'data> {
    pub(crate) info: &'data [u8],
    pub(crate) abbreviations: &'data [u8],
    pub(crate) strings: &'data [u8],
    pub(crate) line_strings: &'data [u8],
    pub(crate) string_offsets: &'data [u8],
    pub(crate) addresses: &'data [u8],
    pub(crate) lines: &'data [u8],
    pub(crate) ranges: &'data [u8],
    pub(crate) range_lists: &'data [u8],
    pub(crate) aranges: &'data [u8],
    pub(crate) supplement: Option<&'data DebugSections<'data>>,
}

impl<'data> DebugSections<'data> {
    /// One slice for each of [`DEBUG_SECTION_NAMES`].
    pub fn new(sections: [&'data [u8]; DEBUG_SECTION_NAMES.len()]) -> DebugSections<'data> {
        let [info, abbreviations, strings, line_strings, string_offsets, addresses, lines, ranges, range_lists, aranges] =
            sections;
        DebugSections {
            info,
            abbreviations,
            strings,
            line_strings,
            string_offsets,
            addresses,
            lines,
            ranges,
            range_lists,
            aranges,
            supplement: None,
        }
    }

    /// With those of the file into which dwz moved what several files have in common.
    pub fn supplemented_by(self, supplement: &'data DebugSections<'data>) -> DebugSections<'data> {
        DebugSections { supplement: Some(supplement), ..self }
    }

    /// Those of a .dwo file with what stays in the file of its skeletons: addresses, and the ranges of DWARF 4.
    pub(crate) fn beside(self, skeletons: &DebugSections<'data>) -> DebugSections<'data> {
        DebugSections { addresses: skeletons.addresses, ranges: skeletons.ranges, ..self }
    }

    pub fn has_units(&self) -> bool {
        !self.info.is_empty()
    }

    pub fn byte_length(&self) -> usize {
        let sections = [self.info, self.abbreviations, self.lines, self.ranges, self.range_lists, self.aranges];
        sections.iter().map(|section| section.len()).sum()
    }
}

/// A section as it stands in the file.
#[derive(Clone, Copy)]
pub struct SectionBytes<'data> {
    pub bytes: &'data [u8],
    /// `bytes` then begin with an Elf64_Chdr.
    pub is_compressed: bool,
}

impl<'data> ElfFile<'data> {
    /// `None` also for a section without content in the file, and one that lies outside of it.
    pub fn section(&self, name: &str) -> Option<SectionBytes<'data>> {
        let section = self.sections.find(name)?;
        Some(SectionBytes { bytes: self.sections.bytes(&section)?, is_compressed: section.is_compressed() })
    }
}
