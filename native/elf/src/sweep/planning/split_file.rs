//! Split DWARF: the file that has the entries of skeletons.

use std::collections::HashMap;

use crate::sweep::entries::debug::Debug;
use crate::sweep::entries::unit::Unit;
use crate::sweep::entries::units::{UnitHeader, UnitList};
use crate::sweep::sections::DebugSections;
use crate::sweep::work::{Budget, Work};

/// A .dwo file, or what a package holds of one: a unit for each skeleton that names it.
pub struct SplitFile<'data> {
    sections: DebugSections<'data>,
    units: UnitList,
    by_id: HashMap<u64, UnitHeader>,
}

impl<'data> SplitFile<'data> {
    /// `None` for one that cannot be read.
    pub fn read(
        split: DebugSections<'data>,
        skeletons: &DebugSections<'data>,
        work: &Work,
    ) -> Option<SplitFile<'data>> {
        let mut budget = Budget::of(work);
        let sections = split.beside(skeletons);
        let units = UnitList::read(sections.info, &mut budget)?;
        let mut by_id = HashMap::new();
        for &header in units.as_slice().iter().filter(|header| !header.is_type_unit) {
            let unit = Unit::read_root(None, &sections, header, &mut budget)?;
            by_id.entry(unit.split_id()).or_insert(header);
        }
        Some(SplitFile { sections, units, by_id })
    }

    pub fn has_unit(&self, id: u64) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Of its units and all that they need.
    pub(crate) fn byte_length(&self) -> usize {
        self.sections.info.len()
    }

    pub(crate) fn debug(&self) -> Debug<'_, 'data> {
        Debug { sections: &self.sections, units: &self.units, supplement: UnitList::NONE }
    }

    pub(crate) fn unit_of(&self, skeleton: &Unit<'data>, budget: &mut Budget<'_>) -> Option<Unit<'data>> {
        let header = self.by_id.get(&skeleton.split_id())?;
        Unit::read_split(&self.sections, *header, skeleton, budget)
    }
}
