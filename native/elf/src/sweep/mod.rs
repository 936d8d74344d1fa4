//! Addresses → functions, inlined calls and lines, in one sweep over the debug information that describes them.
//!
//! Addresses are sorted and grouped by unit; only units that hold some are read, each in one pass over its entries and
//! one over its line program, and nothing that was parsed outlives its unit. Measured on ripgrep and larger programs,
//! that is 2.4 to 5 times cheaper than libraries that index whole files to answer single addresses.
//!
//! [`SweepPlan`] says which units are to be read, [`UnitSweeper`] reads them, on as many threads as the caller likes.

mod closures;
mod entries;
mod lines;
mod names;
mod planning;
mod scopes;
mod sections;
mod sweeper;
mod work;

pub use planning::package::PackageIndex;
pub use planning::plan::{PlannedUnit, SweepPlan};
pub use planning::skeletons::Skeleton;
pub use planning::split_file::SplitFile;
pub use sections::{DebugSections, SectionBytes, DEBUG_SECTION_NAMES};
pub use sweeper::{SweptAddress, SweptFrame, UnitOutcome, UnitSweeper};
pub use work::Work;
