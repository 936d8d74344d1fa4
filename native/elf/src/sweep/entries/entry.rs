//! One entry of .debug_info with the attributes that a sweep reads.

use super::abbreviations::{Abbreviation, Abbreviations, Step};
use super::attributes::Attribute;
use super::form::{read_value, step_over, Value};
use crate::file::reader::Reader;
use crate::sweep::work::Budget;
use crate::units::dwarf_entry::Encoding;

/// The attributes of an entry; those of its unit's root are read with the same steps.
#[derive(Clone, Copy, Default)]
pub(crate) struct Entry<'data> {
    pub sibling: Option<Value<'data>>,
    pub name: Option<Value<'data>>,
    pub linkage_name: Option<Value<'data>>,
    /// Where the rest of the description is: DW_AT_abstract_origin, else DW_AT_specification.
    pub origin: Option<Value<'data>>,
    pub low_pc: Option<Value<'data>>,
    pub high_pc: Option<Value<'data>>,
    pub ranges: Option<Value<'data>>,
    pub call_file: u64,
    pub call_line: u64,
    pub call_column: u64,
    pub statement_list: Option<u64>,
    pub directory: Option<Value<'data>>,
    pub string_offsets_base: Option<u64>,
    pub address_base: Option<u64>,
    pub range_lists_base: Option<u64>,
    pub ranges_base: Option<u64>,
    pub split_file: Option<Value<'data>>,
    pub split_id: Option<u64>,
}

impl<'data> Entry<'data> {
    pub fn read(
        reader: &mut Reader<'data>,
        abbreviation: &Abbreviation,
        table: &Abbreviations,
        encoding: Encoding,
        budget: &mut Budget<'_>,
    ) -> Option<Entry<'data>> {
        let mut entry = Entry::default();
        let steps = table.steps(abbreviation);
        budget.take(steps.len() as u64 + 1)?;
        for step in steps {
            match *step {
                Step::Over(size) => step_over(reader, size, encoding)?,
                Step::Read { attribute, form, constant } => {
                    entry.note(attribute, read_value(reader, form, constant, encoding)?);
                }
            }
        }
        Some(entry)
    }

    fn note(&mut self, attribute: Attribute, value: Value<'data>) {
        match attribute {
            Attribute::Sibling => self.sibling = Some(value),
            Attribute::Name => self.name = Some(value),
            Attribute::LinkageName => self.linkage_name = Some(value),
            Attribute::AbstractOrigin => self.origin = Some(value),
            Attribute::Specification => self.origin = self.origin.or(Some(value)),
            Attribute::LowPc => self.low_pc = Some(value),
            Attribute::HighPc => self.high_pc = Some(value),
            Attribute::Ranges => self.ranges = Some(value),
            Attribute::CallFile => self.call_file = value.number().unwrap_or(0),
            Attribute::CallLine => self.call_line = value.number().unwrap_or(0),
            Attribute::CallColumn => self.call_column = value.number().unwrap_or(0),
            Attribute::StatementList => self.statement_list = value.section_offset(),
            Attribute::CompilationDirectory => self.directory = Some(value),
            Attribute::StringOffsetsBase => self.string_offsets_base = value.section_offset(),
            Attribute::AddressBase => self.address_base = value.section_offset(),
            Attribute::RangeListsBase => self.range_lists_base = value.section_offset(),
            Attribute::RangesBase => self.ranges_base = value.section_offset(),
            Attribute::SplitFile => self.split_file = Some(value),
            Attribute::SplitId => self.split_id = value.number(),
        }
    }
}

/// Leaves the reader behind the entry's attributes.
#[inline(always)]
pub(crate) fn skip_entry(
    reader: &mut Reader<'_>,
    abbreviation: &Abbreviation,
    table: &Abbreviations,
    encoding: Encoding,
) -> Option<()> {
    match abbreviation.fixed_bytes() {
        Some(count) => reader.bytes(count).map(drop),
        None => table.sizes(abbreviation).iter().try_for_each(|&size| step_over(reader, size, encoding)),
    }
}
