//! Split DWARF: the unit of a program is a skeleton, its entries are in a .dwo file.

use std::collections::HashMap;

use super::plan::{PlannedUnit, SweepPlan};
use crate::sweep::entries::debug::Debug;
use crate::sweep::entries::unit::Unit;
use crate::sweep::entries::units::{UnitHeader, UnitList};
use crate::sweep::sections::DebugSections;
use crate::sweep::work::{Budget, Work};

/// A planned unit that has its entries elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Skeleton<'data> {
    /// Index into [`SweepPlan::planned`].
    pub planned: usize,
    pub id: u64,
    /// Of the compilation: what the name of the file is relative to.
    pub directory: &'data [u8],
    pub file: &'data [u8],
}

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

    fn unit_of(&self, skeleton: &Unit<'data>, budget: &mut Budget<'_>) -> Option<Unit<'data>> {
        let header = self.by_id.get(&skeleton.split_id())?;
        Unit::read_split(&self.sections, *header, skeleton, budget)
    }
}

impl<'data> PlannedUnit<'data> {
    /// The unit that the skeleton stands for; `Some(None)` when nothing is attached.
    pub(crate) fn split_of(
        &self,
        skeleton: &Unit<'data>,
        budget: &mut Budget<'_>,
    ) -> Option<Option<(Debug<'data, 'data>, Unit<'data>)>> {
        let Some(file) = self.split else { return Some(None) };
        Some(Some((file.debug(), file.unit_of(skeleton, budget)?)))
    }
}

impl<'data> SweepPlan<'data> {
    /// Those of the planned units; what cannot be read is no skeleton.
    pub fn skeletons(&self, sections: &DebugSections<'data>, work: &Work) -> Vec<Skeleton<'data>> {
        let mut budget = Budget::of(work);
        let skeletons = self.planned.iter().enumerate().filter_map(|(planned, unit)| {
            let unit = Unit::read_root(None, sections, self.units.as_slice()[unit.unit], &mut budget)?;
            let mut text = |value| unit.text(sections, value, &mut budget);
            let file = text(unit.root.split_file?)?;
            let directory = unit.root.directory.and_then(text).unwrap_or_default();
            Some(Skeleton { planned, id: unit.split_id(), directory, file })
        });
        skeletons.collect()
    }

    /// What the skeleton stands for is read from `file`, which has a unit of its id.
    pub fn attach(&mut self, skeleton: &Skeleton<'_>, file: &'data SplitFile<'data>) {
        let planned = &mut self.planned[skeleton.planned];
        planned.split = Some(file);
        planned.byte_length = file.byte_length();
    }
}
