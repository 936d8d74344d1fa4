use crate::sweep::entries::form::Value;
use crate::sweep::entries::unit::Unit;
use crate::sweep::sections::DebugSections;
use crate::sweep::work::Budget;

/// The files that a line program names, and in which directories they are.
pub(crate) struct LineFiles<'data> {
    pub version: u16,
    pub directories: Vec<Value<'data>>,
    pub files: Vec<FileEntry<'data>>,
}

#[derive(Clone, Copy)]
pub(crate) struct FileEntry<'data> {
    pub name: Value<'data>,
    pub directory: u64,
}

impl<'data> LineFiles<'data> {
    /// The whole path as llvm-symbolizer puts it together: nothing of it is resolved or shortened. `None` for a
    /// number that names no file.
    pub fn path(
        &self,
        index: u64,
        sections: &DebugSections<'data>,
        unit: &Unit<'data>,
        budget: &mut Budget<'_>,
    ) -> Option<Vec<u8>> {
        // Counted from 0 since DWARF 5, from 1 before.
        let index = if self.version >= 5 { index } else { index.checked_sub(1)? };
        let file = self.files.get(usize::try_from(index).ok()?)?;
        let mut text = |value: Value<'data>| unit.text(sections, value, budget);
        let name = text(file.name)?;
        if name.starts_with(b"/") {
            return Some(name.to_vec());
        }
        let directory = self.directory(file.directory).and_then(&mut text).unwrap_or_default();
        let is_in_compilation_directory = self.version < 5 || file.directory != 0;
        let mut path = Vec::new();
        if is_in_compilation_directory && !directory.starts_with(b"/") {
            append(&mut path, unit.root.directory.and_then(&mut text).unwrap_or_default());
        }
        append(&mut path, directory);
        append(&mut path, name);
        Some(path)
    }

    /// Before DWARF 5 number 0 is the directory of the compilation, which has no entry.
    fn directory(&self, index: u64) -> Option<Value<'data>> {
        let index = if self.version >= 5 { index } else { index.checked_sub(1)? };
        self.directories.get(usize::try_from(index).ok()?).copied()
    }
}

fn append(path: &mut Vec<u8>, part: &[u8]) {
    if !path.is_empty() && !part.is_empty() && !path.ends_with(b"/") && !part.starts_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(part);
}
