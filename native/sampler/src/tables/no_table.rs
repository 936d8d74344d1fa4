//! Why a file has no table: a problem, without the path, which the caller knows.

use bee_elf::ElfError;

use crate::facts::Facts;
use crate::tables::table_memory::TableError;

pub fn not_read(error: ElfError) -> Facts {
    match error {
        ElfError::Not64Bit => Facts::of("thirty-two-bit"),
        error => without_table("malformed", &error.to_string()),
    }
}

pub fn not_loaded(error: TableError) -> Facts {
    match error {
        TableError::TooManyRules => without_table("too-many-rules", ""),
        TableError::TooLarge | TableError::Full => without_table("too-large", ""),
    }
}

fn without_table(why: &str, detail: &str) -> Facts {
    Facts::of("no-unwind-table").text("why", why).text("detail", detail)
}
