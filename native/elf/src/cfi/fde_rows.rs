use super::cfi_program::{CfiProgram, Step};
use crate::rows::counts::Cause;
use crate::rows::row_builder::RowBuilder;
use crate::rows::rule::{Rule, UNWIND_UNSUPPORTED};

/// The rows of one FDE on their way into the table.
pub(crate) struct FdeRows<'run> {
    pub builder: &'run mut RowBuilder,
    /// Where the state of the program is in force from.
    pub location: u64,
    pub end: u64,
}

impl FdeRows<'_> {
    /// Runs the program to the end of its instructions or of the FDE. What follows a malformed instruction is
    /// UNSUPPORTED, not a guess.
    pub fn append(mut self, mut program: CfiProgram<'_, '_>) {
        let mut is_changed = true;
        while !program.is_at_end() {
            let target = match program.step() {
                Some(Step::Nothing) => continue,
                Some(Step::Changed) => {
                    is_changed = true;
                    continue;
                }
                Some(Step::Advance(delta)) => self.location.saturating_add(delta),
                Some(Step::MoveTo(target)) if target >= self.location => target,
                Some(Step::MoveTo(_)) | None => return self.push_malformed(),
            };
            if target == self.location {
                continue;
            }
            if is_changed {
                self.push_state(&program);
                is_changed = false;
            }
            self.location = target;
            if target >= self.end {
                return;
            }
        }
        if is_changed {
            self.push_state(&program);
        }
    }

    #[inline(always)]
    fn push_state(&mut self, program: &CfiProgram<'_, '_>) {
        match program.state.rule() {
            Ok(rule) => self.builder.push(self.location, rule),
            Err((rule, cause)) => {
                self.builder.push_unsupported(self.location, rule, cause);
            }
        }
    }

    fn push_malformed(self) {
        let rule = Rule::of_kind(UNWIND_UNSUPPORTED);
        self.builder.push_unsupported(self.location, rule, Cause::Malformed);
    }
}
