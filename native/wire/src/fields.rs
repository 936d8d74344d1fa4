//! Tagged fields, back to back, little-endian: `u16 number, u8 type, u8 zero, u32 length, value`. A list is several fields
//! of one number; a record's value is fields again.

use crate::malformed::Malformed;

const HEAD_BYTES: usize = 8;
/// Of one record. The longest list are the files that a program maps.
pub const MAX_FIELDS: usize = 1 << 14;

pub const UNSIGNED: u8 = 1;
pub const SIGNED: u8 = 2;
pub const TEXT: u8 = 3;
pub const BYTES: u8 = 4;
pub const RECORD: u8 = 5;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Unsigned(u64),
    Signed(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Record(&'a [u8]),
    /// Of a type that this version does not know.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    pub number: u16,
    pub value: Value<'a>,
}

impl Field<'_> {
    pub fn mistyped(&self) -> Malformed {
        Malformed::new(format!("field {} has another type", self.number))
    }
}

/// The fields of a payload; the first error is the last item.
pub fn fields(payload: &[u8]) -> Fields<'_> {
    Fields { rest: payload, count: 0 }
}

pub struct Fields<'a> {
    rest: &'a [u8],
    count: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<Field<'a>, Malformed> {
        self.count += 1;
        if self.count > MAX_FIELDS {
            return Err(Malformed::new("a record has too many fields"));
        }
        let short = || Malformed::new("a field is longer than its message");
        let (head, rest) = self.rest.split_first_chunk::<HEAD_BYTES>().ok_or_else(short)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let (value, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        let number = u16::from_le_bytes([head[0], head[1]]);
        if head[3] != 0 {
            return Err(Malformed::new(format!("field {number} has a non-zero reserved byte")));
        }
        self.rest = rest;
        Ok(Field { number, value: value_of(head[2], value, number)? })
    }
}

fn value_of(kind: u8, bytes: &[u8], number: u16) -> Result<Value<'_>, Malformed> {
    let eight = || {
        let wrong = |_| Malformed::new(format!("field {number} is a number of {} bytes", bytes.len()));
        bytes.try_into().map_err(wrong)
    };
    Ok(match kind {
        UNSIGNED => Value::Unsigned(u64::from_le_bytes(eight()?)),
        SIGNED => Value::Signed(i64::from_le_bytes(eight()?)),
        TEXT => {
            let wrong = |_| Malformed::new(format!("field {number} is no UTF-8"));
            Value::Text(std::str::from_utf8(bytes).map_err(wrong)?)
        }
        BYTES => Value::Bytes(bytes),
        RECORD => Value::Record(bytes),
        _ => Value::Unknown,
    })
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn put(&mut self, number: u16, value: Value<'_>) {
        match value {
            Value::Unsigned(value) => self.append(number, UNSIGNED, &value.to_le_bytes()),
            Value::Signed(value) => self.append(number, SIGNED, &value.to_le_bytes()),
            Value::Text(text) => self.append(number, TEXT, text.as_bytes()),
            Value::Bytes(bytes) => self.append(number, BYTES, bytes),
            Value::Record(bytes) => self.append(number, RECORD, bytes),
            Value::Unknown => {}
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn append(&mut self, number: u16, kind: u8, value: &[u8]) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self.bytes.extend_from_slice(&[kind, 0]);
        self.bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(value);
    }
}
