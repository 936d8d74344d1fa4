use crate::file::reader::Reader;
use crate::rows::rule::{REGISTER_OF_DWARF, REGISTER_RBP};

const DEREF: u8 = 0x06;
const CONST1U: u8 = 0x08;
const CONST1S: u8 = 0x09;
const CONST2U: u8 = 0x0a;
const CONST2S: u8 = 0x0b;
const PLUS: u8 = 0x22;
const PLUS_UCONST: u8 = 0x23;
const LIT0: u8 = 0x30;
const LIT31: u8 = 0x4f;
const REG0: u8 = 0x50;
const REG15: u8 = 0x5f;
const BREG0: u8 = 0x70;
const BREG7_RSP: u8 = 0x77;
const BREG15: u8 = 0x7f;

/// A PLT slot: `rsp + 8 + ((rip & 15) >= N) << 3`, with the literal N at this place.
const PLT_HEAD: [u8; 6] = [BREG7_RSP, 8, 0x80, 0, LIT0 + 15, 0x1a];
const PLT_TAIL: [u8; 4] = [0x2a, LIT0 + 3, 0x24, PLUS];

/// What an expression for the CFA comes down to; registers as in [`Rule`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CfaExpression {
    RegisterOffset { register: u8, offset: i32 },
    Deref { register: u8, offset: i32, add: i16 },
    Plt { pushed_at: i32 },
    Unknown,
}

/// How the caller's rbp is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FpRule {
    Same,
    AtCfa(i64),
    AtRbp(i32),
    Unknown,
}

/// Classifies the expression of DW_CFA_def_cfa_expression. In 3,104 system files there are 32 distinct ones, all but
/// a few of the shapes known here.
pub(crate) fn classify_cfa(expression: &[u8]) -> CfaExpression {
    plt_slot(expression).or_else(|| register_based(expression)).unwrap_or(CfaExpression::Unknown)
}

/// Classifies the expression of DW_CFA_expression for rbp: only `*(rbp + offset)` is known.
pub(crate) fn classify_saved_fp(expression: &[u8]) -> FpRule {
    let mut reader = Reader::new(expression);
    match read_register_offset(&mut reader) {
        Some((REGISTER_RBP, offset)) if reader.is_empty() => FpRule::AtRbp(offset),
        _ => FpRule::Unknown,
    }
}

fn plt_slot(expression: &[u8]) -> Option<CfaExpression> {
    let rest = expression.strip_prefix(&PLT_HEAD)?;
    let (&literal, tail) = rest.split_first()?;
    if tail != PLT_TAIL || !(LIT0..=LIT0 + 15).contains(&literal) {
        return None;
    }
    Some(CfaExpression::Plt { pushed_at: i32::from(literal - LIT0) })
}

/// `breg N`, `breg N; deref`, `breg N; deref; plus M`; and the same with `reg N`, which DWARF does not allow there:
/// libgcc and LLVM's libunwind take it for the register's value, and wasmtime's fibers rely on that.
fn register_based(expression: &[u8]) -> Option<CfaExpression> {
    let mut reader = Reader::new(expression);
    let (register, offset) = read_register_offset(&mut reader)?;
    if reader.is_empty() {
        return Some(CfaExpression::RegisterOffset { register, offset });
    }
    if reader.u8()? != DEREF {
        return None;
    }
    let add = if reader.is_empty() { 0 } else { read_addend(&mut reader)? };
    reader.is_empty().then_some(CfaExpression::Deref { register, offset, add })
}

fn read_register_offset(reader: &mut Reader<'_>) -> Option<(u8, i32)> {
    let register = |number: u8| REGISTER_OF_DWARF[usize::from(number)];
    match reader.u8()? {
        operation @ BREG0..=BREG15 => Some((register(operation - BREG0), i32::try_from(reader.sleb()?).ok()?)),
        operation @ REG0..=REG15 => Some((register(operation - REG0), 0)),
        _ => None,
    }
}

/// `plus_uconst M`, or a small constant and `plus`.
fn read_addend(reader: &mut Reader<'_>) -> Option<i16> {
    let addend = match reader.u8()? {
        PLUS_UCONST => return i16::try_from(reader.uleb()?).ok(),
        literal @ LIT0..=LIT31 => i16::from(literal - LIT0),
        CONST1U => i16::from(reader.u8()?),
        CONST1S => i16::from(reader.u8()? as i8),
        CONST2U => i16::try_from(reader.u16()?).ok()?,
        CONST2S => reader.u16()? as i16,
        _ => return None,
    };
    (reader.u8()? == PLUS).then_some(addend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::rule::{REGISTER_RBX, REGISTER_RSP};

    #[test]
    fn plt_expressions_of_the_linkers() {
        let expression = |literal| [0x77, 8, 0x80, 0, 0x3f, 0x1a, literal, 0x2a, 0x33, 0x24, 0x22];
        assert_eq!(classify_cfa(&expression(0x3b)), CfaExpression::Plt { pushed_at: 11 });
        assert_eq!(classify_cfa(&expression(0x3a)), CfaExpression::Plt { pushed_at: 10 });
        assert_eq!(classify_cfa(&expression(0x40)), CfaExpression::Unknown);
    }

    #[test]
    fn dereferences() {
        let deref = |register, offset, add| CfaExpression::Deref { register, offset, add };
        assert_eq!(classify_cfa(&[0x77, 0xa0, 1, 6]), deref(REGISTER_RSP, 160, 0));
        assert_eq!(classify_cfa(&[0x76, 0x78, 6]), deref(REGISTER_RBP, -8, 0));
        assert_eq!(classify_cfa(&[0x77, 8, 6, 0x23, 8]), deref(REGISTER_RSP, 8, 8));
        assert_eq!(classify_cfa(&[0x77, 8, 6, 0x38, 0x22]), deref(REGISTER_RSP, 8, 8));
        assert_eq!(classify_cfa(&[0x77, 8, 6, 0x38]), CfaExpression::Unknown);
        assert_eq!(classify_cfa(&[0x77, 16]), CfaExpression::RegisterOffset { register: REGISTER_RSP, offset: 16 });
        assert_eq!(classify_cfa(&[0x73, 0, 6]), deref(REGISTER_RBX, 0, 0));
        assert_eq!(classify_cfa(&[0x57, 6, 0x23, 56]), deref(REGISTER_RSP, 0, 56));
        assert_eq!(classify_cfa(&[0x60]), CfaExpression::Unknown);
        assert_eq!(classify_cfa(&[]), CfaExpression::Unknown);
    }

    #[test]
    fn saved_frame_pointers() {
        assert_eq!(classify_saved_fp(&[0x76, 0]), FpRule::AtRbp(0));
        assert_eq!(classify_saved_fp(&[0x76, 0x70]), FpRule::AtRbp(-16));
        assert_eq!(classify_saved_fp(&[0x77, 0]), FpRule::Unknown);
        assert_eq!(classify_saved_fp(&[0x76, 0, 6]), FpRule::Unknown);
    }
}
