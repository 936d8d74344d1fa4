/// Frames are far smaller; beyond this an offset is taken for unknown, so that sums of two never overflow.
const MAX_OFFSET: i32 = 1 << 28;

/// What is known of a register or of a word on the stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub(crate) enum Value {
    #[default]
    Unknown,
    /// CFA + this.
    Cfa(i32),
    /// This far from where the stack pointer was put where its distance to the CFA is unknown: aligned, lowered by a
    /// variable, or moved to another stack. Of the last such place alone.
    Floating(i32),
    /// The caller's rbp.
    CallerRbp,
    /// A known number: of a system call, or of a large frame's size. Only rax has one.
    Number(u32),
}

impl Value {
    pub fn plus(self, delta: i64) -> Value {
        let moved = |offset: i32| {
            let sum = i64::from(offset).checked_add(delta)?;
            i32::try_from(sum).ok().filter(|sum| sum.abs() < MAX_OFFSET)
        };
        match self {
            Value::Cfa(offset) => moved(offset).map_or(Value::Unknown, Value::Cfa),
            Value::Floating(offset) => moved(offset).map_or(Value::Unknown, Value::Floating),
            Value::Unknown | Value::CallerRbp | Value::Number(_) => Value::Unknown,
        }
    }

    /// What holds whichever of the two is the case.
    pub fn meet(self, other: Value) -> Value {
        if self == other {
            self
        } else {
            Value::Unknown
        }
    }

    /// The distance from `self` up to `other`, where both count from the same place.
    pub fn distance_to(self, other: Value) -> Option<i32> {
        match (self, other) {
            (Value::Cfa(from), Value::Cfa(to)) | (Value::Floating(from), Value::Floating(to)) => Some(to - from),
            _ => None,
        }
    }

    pub fn is_address(self) -> bool {
        matches!(self, Value::Cfa(_) | Value::Floating(_))
    }
}
