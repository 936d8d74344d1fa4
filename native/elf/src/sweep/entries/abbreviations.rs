//! A unit's table of abbreviations, flat, with the way over and through each entry worked out beforehand.

use super::attributes::{attribute_of, kind_of_tag, Attribute, Kind};
use super::form::{form_size, Size, FORM_IMPLICIT_CONST};
use crate::file::reader::Reader;
use crate::sweep::work::Budget;
use crate::units::dwarf_entry::Encoding;

const NOT_FIXED: u32 = u32::MAX;
/// Of most units of compilers: room from the start, as growing three lists cost as much as reading some tables.
const USUAL_COUNT: usize = 64;
const USUAL_ATTRIBUTES: usize = 4;

/// One step through the attributes of an entry.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Over(Size),
    Read { attribute: Attribute, form: u16, constant: u64 },
}

#[derive(Clone, Copy)]
pub(crate) struct Abbreviation {
    code: u64,
    pub kind: Kind,
    pub has_children: bool,
    /// Says where the code of a function is, or is around functions: every pass reads its entries.
    pub is_read: bool,
    /// Inlined calls and blocks: read inside of code that holds wanted addresses.
    pub is_read_in_live_code: bool,
    /// There is nothing of code inside, and its entries say where the next one is.
    pub can_jump: bool,
    /// All attributes together, NOT_FIXED where that depends on the entry.
    fixed_bytes: u32,
    over: (u32, u32),
    through: (u32, u32),
}

impl Abbreviation {
    /// Bytes of all attributes, where every entry has the same.
    pub fn fixed_bytes(&self) -> Option<usize> {
        (self.fixed_bytes != NOT_FIXED).then_some(self.fixed_bytes as usize)
    }
}

pub(crate) struct Abbreviations {
    entries: Vec<Abbreviation>,
    /// Codes count 1, 2, 3 …, as all compilers write them.
    is_dense: bool,
    sizes: Vec<Size>,
    steps: Vec<Step>,
}

impl Abbreviations {
    /// The first `most` of a table.
    pub fn parse(table: &[u8], encoding: Encoding, most: usize, budget: &mut Budget<'_>) -> Option<Abbreviations> {
        let mut reader = Reader::new(table);
        let mut table = Abbreviations::with_capacity(most.min(USUAL_COUNT));
        while table.entries.len() < most {
            // A table at the end of its section may lack the closing 0.
            let code = if reader.is_empty() { 0 } else { reader.uleb()? };
            if code == 0 {
                break;
            }
            budget.take(1)?;
            table.is_dense &= code == table.entries.len() as u64 + 1;
            let abbreviation = table.parse_one(&mut reader, code, encoding, budget)?;
            table.entries.push(abbreviation);
        }
        if !table.is_dense {
            table.entries.sort_by_key(|entry| entry.code);
        }
        Some(table)
    }

    fn with_capacity(count: usize) -> Abbreviations {
        let attributes = count * USUAL_ATTRIBUTES;
        Abbreviations {
            entries: Vec::with_capacity(count),
            is_dense: true,
            sizes: Vec::with_capacity(attributes),
            steps: Vec::with_capacity(attributes),
        }
    }

    fn parse_one(
        &mut self,
        reader: &mut Reader<'_>,
        code: u64,
        encoding: Encoding,
        budget: &mut Budget<'_>,
    ) -> Option<Abbreviation> {
        let kind = kind_of_tag(reader.uleb()?);
        let has_children = reader.u8()? != 0;
        let (first_size, first_step) = (self.sizes.len(), self.steps.len());
        let (mut has_sibling, mut has_code) = (false, false);
        loop {
            let (name, form) = (reader.uleb()?, u16::try_from(reader.uleb()?).ok()?);
            let constant = if form == FORM_IMPLICIT_CONST { reader.sleb()? as u64 } else { 0 };
            if name == 0 && form == 0 {
                break;
            }
            budget.take(1)?;
            let size = form_size(form, encoding)?;
            push_size(&mut self.sizes, first_size, size);
            let attribute = attribute_of(name);
            has_sibling |= attribute == Some(Attribute::Sibling);
            has_code |= matches!(attribute, Some(Attribute::LowPc | Attribute::Ranges));
            match attribute {
                Some(attribute) => self.steps.push(Step::Read { attribute, form, constant }),
                None => self.push_over(first_step, size),
            }
        }
        let range = |first: usize, end: usize| (first as u32, end as u32);
        Some(Abbreviation {
            code,
            kind,
            has_children,
            is_read: (kind == Kind::Namespace && has_children) || (kind == Kind::Function && has_code),
            is_read_in_live_code: matches!(kind, Kind::Inlined | Kind::Block) && has_code,
            can_jump: has_children && has_sibling && (kind == Kind::Data || (kind == Kind::Function && !has_code)),
            fixed_bytes: fixed_bytes(&self.sizes[first_size..]),
            over: range(first_size, self.sizes.len()),
            through: range(first_step, self.steps.len()),
        })
    }

    fn push_over(&mut self, first_step: usize, size: Size) {
        if let (Some(Step::Over(Size::Bytes(last))), Size::Bytes(count)) = (self.steps[first_step..].last_mut(), size) {
            *last = last.saturating_add(count);
        } else {
            self.steps.push(Step::Over(size));
        }
    }

    #[inline]
    pub fn get(&self, code: u64) -> Option<&Abbreviation> {
        if self.is_dense {
            return self.entries.get(usize::try_from(code).ok()?.checked_sub(1)?);
        }
        let index = self.entries.binary_search_by_key(&code, |entry| entry.code).ok()?;
        self.entries.get(index)
    }

    /// The steps over an entry that is not fixed.
    pub fn sizes(&self, abbreviation: &Abbreviation) -> &[Size] {
        &self.sizes[abbreviation.over.0 as usize..abbreviation.over.1 as usize]
    }

    pub fn steps(&self, abbreviation: &Abbreviation) -> &[Step] {
        &self.steps[abbreviation.through.0 as usize..abbreviation.through.1 as usize]
    }
}

/// Neighbours of fixed size are one step.
fn push_size(sizes: &mut Vec<Size>, first: usize, size: Size) {
    if let (Some(Size::Bytes(last)), Size::Bytes(count)) = (sizes[first..].last_mut(), size) {
        *last = last.saturating_add(count);
    } else {
        sizes.push(size);
    }
}

fn fixed_bytes(sizes: &[Size]) -> u32 {
    match sizes {
        [] => 0,
        [Size::Bytes(count)] => *count,
        _ => NOT_FIXED,
    }
}
