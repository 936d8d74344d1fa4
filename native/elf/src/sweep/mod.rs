//! Addresses → functions, inlined calls and lines, in one sweep over the debug information that describes them.
//!
//! Addresses are sorted and grouped by unit; only units that hold some are read, each in one pass over its entries and
//! one over its line program, and nothing that was parsed outlives its unit. Measured on ripgrep and larger programs,
//! that is 2.4 to 5 times cheaper than libraries that index whole files to answer single addresses.
//!
//! [`SweepPlan`] says which units are to be read, [`UnitSweeper`] reads them, on as many threads as the caller likes.

mod abbreviations;
mod aranges;
mod attributes;
mod closures;
mod debug;
mod entry;
mod form;
mod line_files;
mod line_header;
mod line_rows;
mod names;
mod package;
mod plan;
mod ranges;
mod scopes;
mod sections;
mod split;
mod sweeper;
mod unit;
mod units;
mod work;

pub use package::PackageIndex;
pub use plan::{PlannedUnit, SweepPlan};
pub use sections::{DebugSections, SectionBytes, DEBUG_SECTION_NAMES};
pub use split::{Skeleton, SplitFile};
pub use sweeper::{SweptAddress, SweptFrame, UnitOutcome, UnitSweeper};
pub use work::Work;
