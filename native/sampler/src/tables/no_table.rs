//! Why a file has no table.

use bee_elf::ElfError;

use crate::tables::table_memory::TableError;

/// Code and text of a problem.
pub type NoTable = (&'static str, String);

pub fn not_read(error: ElfError) -> NoTable {
    match error {
        ElfError::Not64Bit => {
            ("thirty-two-bit", "a 32-bit file: the stacks of programs that run it are not walked".into())
        }
        error => without_table(&error.to_string()),
    }
}

fn without_table(reason: &str) -> NoTable {
    ("no-unwind-table", format!("{reason}; its frames need frame pointers"))
}

pub fn not_loaded(error: TableError) -> NoTable {
    without_table(match error {
        TableError::TooManyRules => "there are too many distinct rules",
        TableError::TooLarge | TableError::Full => "its text is too large",
    })
}
