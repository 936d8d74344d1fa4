use super::elf_file::ElfFile;
use super::reader::Reader;

/// The file into which dwz moved what several files have in common, as its users name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupplementLink<'data> {
    /// Relative to the file that names it, or absolute.
    pub path: &'data [u8],
    pub id: &'data [u8],
}

impl<'data> ElfFile<'data> {
    /// From .debug_sup of DWARF 5, else .gnu_debugaltlink; `None` also for a supplementary file itself.
    pub fn supplement_link(&self) -> Option<SupplementLink<'data>> {
        if let Some((false, link)) = self.debug_sup() {
            return Some(link);
        }
        let link = self.sections.bytes(&self.sections.find(".gnu_debugaltlink")?)?;
        let mut reader = Reader::new(link);
        let path = reader.c_string()?;
        Some(SupplementLink { path, id: &link[reader.position()..] })
    }

    /// What files that name it have to know it by.
    pub fn supplement_id(&self) -> Option<&'data [u8]> {
        match self.debug_sup() {
            Some((true, own)) => Some(own.id),
            _ => self.build_id(),
        }
    }

    /// Whether the file is a supplement, and its own or the other's name and id.
    fn debug_sup(&self) -> Option<(bool, SupplementLink<'data>)> {
        let mut reader = Reader::new(self.sections.bytes(&self.sections.find(".debug_sup")?)?);
        let (_version, is_supplement) = (reader.u16()?, reader.u8()? != 0);
        let path = reader.c_string()?;
        let length = usize::try_from(reader.uleb()?).ok()?;
        Some((is_supplement, SupplementLink { path, id: reader.bytes(length)? }))
    }
}
