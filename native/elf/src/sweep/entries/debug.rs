use super::form::Value;
use super::unit::Unit;
use super::units::UnitList;
use crate::sweep::sections::DebugSections;

/// What all units of one .debug_info share: the file's own, a .dwo file's, a supplementary file's.
#[derive(Clone, Copy)]
pub(crate) struct Debug<'a, 'data> {
    pub sections: &'a DebugSections<'data>,
    pub units: &'a UnitList,
    /// Units of the supplementary file; none where there is none.
    pub supplement: &'a UnitList,
}

/// An entry, as what it is referred to.
#[derive(Clone, Copy)]
pub(crate) struct EntryPlace<'a, 'data> {
    pub debug: Debug<'a, 'data>,
    /// In its .debug_info.
    pub offset: usize,
}

impl<'a, 'data: 'a> Debug<'a, 'data> {
    /// Where a reference in one of the units points.
    pub fn place(self, unit: &Unit<'data>, reference: Value<'data>) -> Option<EntryPlace<'a, 'data>> {
        let Value::SupplementReference(offset) = reference else {
            return Some(EntryPlace { debug: self, offset: unit.reference(reference)? });
        };
        let debug = Debug { sections: self.sections.supplement?, units: self.supplement, supplement: UnitList::NONE };
        Some(EntryPlace { debug, offset: usize::try_from(offset).ok()? })
    }

    /// The same for the same place in memory only: files that are swept together have entries at the same offsets.
    pub fn address_of(self, offset: usize) -> usize {
        (self.sections.info.as_ptr() as usize).wrapping_add(offset)
    }
}
