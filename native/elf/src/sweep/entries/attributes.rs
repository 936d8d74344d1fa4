//! The tags and attributes of code, as DWARF numbers them.

/// What an entry is to a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// DW_TAG_subprogram.
    Function,
    /// DW_TAG_inlined_subroutine.
    Inlined,
    /// A part of a function that is no function: lexical, try and catch blocks.
    Block,
    /// Root of a unit.
    Unit,
    /// DW_TAG_namespace: holds functions; rustc makes one also of a closure that has functions inside.
    Namespace,
    /// May hold functions: modules, and whatever is not known.
    Container,
    /// Describes data, types and calls. Its children are passed over at once where the file says how.
    Data,
}

pub(crate) fn kind_of_tag(tag: u64) -> Kind {
    match tag {
        0x2e => Kind::Function,
        0x1d => Kind::Inlined,
        0x0b | 0x22 | 0x25 | 0x32 => Kind::Block,
        0x39 => Kind::Namespace,
        0x11 | 0x3c | 0x41 | 0x4a => Kind::Unit,
        // Types, variables, parameters, members, labels, and call sites (0x48, 0x49, 0x4109, 0x410a).
        0x01 | 0x02 | 0x04 | 0x05 | 0x0a | 0x0d | 0x0f | 0x13 | 0x15..=0x17 | 0x24 | 0x28 | 0x33 | 0x34 => Kind::Data,
        0x48 | 0x49 | 0x4109 | 0x410a => Kind::Data,
        _ => Kind::Container,
    }
}

/// The attributes that are read; all others are stepped over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Attribute {
    Sibling,
    Name,
    LinkageName,
    AbstractOrigin,
    Specification,
    LowPc,
    HighPc,
    Ranges,
    CallFile,
    CallLine,
    CallColumn,
    StatementList,
    CompilationDirectory,
    StringOffsetsBase,
    AddressBase,
    RangeListsBase,
    RangesBase,
    SplitFile,
    SplitId,
}

pub(crate) fn attribute_of(name: u64) -> Option<Attribute> {
    let attribute = match name {
        0x01 => Attribute::Sibling,
        0x03 => Attribute::Name,
        0x10 => Attribute::StatementList,
        0x11 => Attribute::LowPc,
        0x12 => Attribute::HighPc,
        0x1b => Attribute::CompilationDirectory,
        0x31 => Attribute::AbstractOrigin,
        0x47 => Attribute::Specification,
        0x55 => Attribute::Ranges,
        0x57 => Attribute::CallColumn,
        0x58 => Attribute::CallFile,
        0x59 => Attribute::CallLine,
        // The second is the name that it had before it was standardized.
        0x6e | 0x2007 => Attribute::LinkageName,
        0x72 => Attribute::StringOffsetsBase,
        // The GNU form of split DWARF 4.
        0x73 | 0x2133 => Attribute::AddressBase,
        0x74 => Attribute::RangeListsBase,
        0x76 | 0x2130 => Attribute::SplitFile,
        0x2131 => Attribute::SplitId,
        0x2132 => Attribute::RangesBase,
        _ => return None,
    };
    Some(attribute)
}
