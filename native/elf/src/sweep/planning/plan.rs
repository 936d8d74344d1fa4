use super::aranges::for_each_arange;
use super::split_file::SplitFile;
use crate::sweep::entries::ranges::for_each_range;
use crate::sweep::entries::unit::Unit;
use crate::sweep::entries::units::UnitList;
use crate::sweep::sections::DebugSections;
use crate::sweep::work::{Budget, Work};

const NO_UNIT: u32 = u32::MAX;

/// A unit, and the indices of the addresses that it describes, ascending.
pub struct PlannedUnit<'data> {
    pub(crate) unit: usize,
    pub wanted: Vec<u32>,
    /// Of its entries: what reading it will take.
    pub byte_length: usize,
    /// Where the entries are that its skeleton stands for.
    pub(crate) split: Option<&'data SplitFile<'data>>,
}

/// Which units are to be read for a list of addresses.
pub struct SweepPlan<'data> {
    pub(crate) units: UnitList,
    /// Those of the supplementary file.
    pub(crate) supplement: UnitList,
    pub planned: Vec<PlannedUnit<'data>>,
}

impl SweepPlan<'_> {
    /// `addresses` are sorted. `None` when the file's units cannot be told apart, or take too much work. Addresses
    /// that no unit describes are in none of the planned ones.
    pub fn new<'data>(sections: &DebugSections<'_>, addresses: &[u64], work: &Work) -> Option<SweepPlan<'data>> {
        let mut budget = Budget::of(work);
        let units = UnitList::read(sections.info, &mut budget)?;
        let supplement = UnitList::read(sections.supplement.map_or(&[], |it| it.info), &mut budget)?;
        let mut owners = Owners { addresses, owners: vec![NO_UNIT; addresses.len()], unowned: addresses.len() };
        let listed = owners.assign_by_aranges(sections, &units, &mut budget)?;
        if owners.unowned > 0 {
            owners.assign_by_roots(sections, &units, &listed, &mut budget)?;
        }
        let planned = owners.planned(&units);
        Some(SweepPlan { units, supplement, planned })
    }
}

struct Owners<'a> {
    addresses: &'a [u64],
    owners: Vec<u32>,
    unowned: usize,
}

impl Owners<'_> {
    /// The first unit that claims an address has it, as in llvm-symbolizer. Answers how many it claimed.
    fn assign(&mut self, unit: usize, start: u64, end: u64) -> u64 {
        let first = self.addresses.partition_point(|&address| address < start);
        let claimed = self.addresses[first..].iter().take_while(|&&address| address < end).count();
        for owner in &mut self.owners[first..first + claimed] {
            if *owner == NO_UNIT {
                *owner = unit as u32;
                self.unowned -= 1;
            }
        }
        claimed as u64
    }

    /// Which units were listed.
    fn assign_by_aranges(
        &mut self,
        sections: &DebugSections<'_>,
        units: &UnitList,
        budget: &mut Budget<'_>,
    ) -> Option<Vec<bool>> {
        let mut listed = vec![false; units.as_slice().len()];
        for_each_arange(sections.aranges, budget, |offset, start, end| {
            if let Some(unit) = units.at(offset) {
                listed[unit] = true;
                return self.assign(unit, start, end);
            }
            1
        })?;
        Some(listed)
    }

    /// Units that say themselves what they cover: clang writes no .debug_aranges.
    fn assign_by_roots(
        &mut self,
        sections: &DebugSections<'_>,
        units: &UnitList,
        listed: &[bool],
        budget: &mut Budget<'_>,
    ) -> Option<()> {
        let mut before = None;
        for (index, &header) in units.as_slice().iter().enumerate() {
            if listed[index] || header.is_type_unit {
                continue;
            }
            budget.take(1)?;
            // One that cannot be read has no addresses here; they are looked for elsewhere.
            if let Some(unit) = Unit::read_root(before.as_ref(), sections, header, budget) {
                for_each_range(sections, &unit, &unit.root, budget, |start, end| self.assign(index, start, end));
                before = Some(unit);
            }
        }
        Some(())
    }

    /// The largest first, so that threads end together.
    fn planned<'data>(&self, units: &UnitList) -> Vec<PlannedUnit<'data>> {
        let mut by_unit: Vec<(u32, u32)> = (0..).zip(&self.owners).map(|(index, &owner)| (owner, index)).collect();
        by_unit.retain(|&(owner, _)| owner != NO_UNIT);
        by_unit.sort_unstable();
        let mut planned: Vec<PlannedUnit<'data>> = by_unit
            .chunk_by(|one, other| one.0 == other.0)
            .map(|group| {
                let unit = group[0].0 as usize;
                let header = &units.as_slice()[unit];
                let wanted = group.iter().map(|&(_, index)| index).collect();
                PlannedUnit { unit, wanted, byte_length: header.end - header.entries, split: None }
            })
            .collect();
        planned.sort_by_key(|unit| std::cmp::Reverse(unit.byte_length));
        planned
    }
}
