//! Split DWARF: the unit of a program is a skeleton, its entries are in a .dwo file.

use super::plan::{PlannedUnit, SweepPlan};
use super::split_file::SplitFile;
use crate::sweep::entries::debug::Debug;
use crate::sweep::entries::unit::Unit;
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
