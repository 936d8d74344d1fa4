//! Records as Rust sees them: a struct whose members are the fields of one description.

use crate::fields::{Field, Value, Writer};
use crate::malformed::Malformed;

/// What may not be UTF-8, such as a path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bytes(pub Vec<u8>);

pub trait Record: Sized {
    fn write(&self, writer: &mut Writer);
    fn read(bytes: &[u8]) -> Result<Self, Malformed>;

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.into_bytes()
    }
}

/// A value of one field.
pub trait Single: Sized {
    fn put(&self, number: u16, writer: &mut Writer);
    /// None: the field has another type.
    fn take(field: &Field<'_>) -> Option<Result<Self, Malformed>>;
}

macro_rules! single {
    ($type:ty, $variant:ident, $value:ident => $written:expr, $read:expr) => {
        impl Single for $type {
            fn put(&self, number: u16, writer: &mut Writer) {
                let $value = self;
                writer.put(number, Value::$variant($written));
            }

            fn take(field: &Field<'_>) -> Option<Result<Self, Malformed>> {
                let Value::$variant(found) = field.value else { return None };
                #[allow(clippy::redundant_closure_call)]
                Some(Ok($read(found)?))
            }
        }
    };
}

single!(u32, Unsigned, value => u64::from(*value), |found: u64| u32::try_from(found).ok());
single!(u64, Unsigned, value => *value, Some);
single!(i64, Signed, value => *value, Some);
single!(bool, Unsigned, value => u64::from(*value), |found: u64| (found <= 1).then_some(found == 1));
single!(String, Text, value => value, |found: &str| Some(found.to_string()));
single!(Bytes, Bytes, value => &value.0, |found: &[u8]| Some(Bytes(found.to_vec())));

impl<R: Record> Single for R {
    fn put(&self, number: u16, writer: &mut Writer) {
        writer.put(number, Value::Record(&self.to_bytes()));
    }

    fn take(field: &Field<'_>) -> Option<Result<Self, Malformed>> {
        let Value::Record(bytes) = field.value else { return None };
        Some(R::read(bytes))
    }
}

fn take<T: Single>(field: &Field<'_>) -> Result<T, Malformed> {
    T::take(field).unwrap_or_else(|| Err(field.mistyped()))
}

/// A member: a value, one that may be absent, or a list of them.
pub trait Slot: Sized {
    fn put_all(&self, number: u16, writer: &mut Writer);
    fn fill(slot: &mut Option<Self>, field: &Field<'_>) -> Result<(), Malformed>;
    /// `slot` when all fields have been read.
    fn finish(slot: Option<Self>, name: &str) -> Result<Self, Malformed>;
}

impl<T: Single> Slot for T {
    fn put_all(&self, number: u16, writer: &mut Writer) {
        self.put(number, writer);
    }

    fn fill(slot: &mut Option<T>, field: &Field<'_>) -> Result<(), Malformed> {
        match slot.replace(take(field)?) {
            None => Ok(()),
            Some(_) => Err(Malformed::new(format!("field {} comes twice", field.number))),
        }
    }

    fn finish(slot: Option<T>, name: &str) -> Result<T, Malformed> {
        slot.ok_or_else(|| Malformed::new(format!("the field {name} is missing")))
    }
}

impl<T: Single> Slot for Option<T> {
    fn put_all(&self, number: u16, writer: &mut Writer) {
        self.iter().for_each(|value| value.put(number, writer));
    }

    fn fill(slot: &mut Option<Option<T>>, field: &Field<'_>) -> Result<(), Malformed> {
        T::fill(slot.get_or_insert_default(), field)
    }

    fn finish(slot: Option<Option<T>>, _: &str) -> Result<Option<T>, Malformed> {
        Ok(slot.flatten())
    }
}

impl<T: Single> Slot for Vec<T> {
    fn put_all(&self, number: u16, writer: &mut Writer) {
        self.iter().for_each(|value| value.put(number, writer));
    }

    fn fill(slot: &mut Option<Vec<T>>, field: &Field<'_>) -> Result<(), Malformed> {
        slot.get_or_insert_default().push(take(field)?);
        Ok(())
    }

    fn finish(slot: Option<Vec<T>>, _: &str) -> Result<Vec<T>, Malformed> {
        Ok(slot.unwrap_or_default())
    }
}

/// A struct, and how it is written and read: `number "name" member: type` for each field.
macro_rules! record {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$field_about:meta])* $number:literal $text:literal $field:ident: $type:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$field_about])* pub $field: $type,)*
        }

        impl $name {
            /// Of its fields, by their names.
            pub const NUMBERS: &'static [(&'static str, u16)] = &[$(($text, $number)),*];
        }

        impl $crate::record::Record for $name {
            fn write(&self, _writer: &mut $crate::fields::Writer) {
                $($crate::record::Slot::put_all(&self.$field, $number, _writer);)*
            }

            fn read(bytes: &[u8]) -> Result<$name, $crate::malformed::Malformed> {
                $(let mut $field = None::<$type>;)*
                for field in $crate::fields::fields(bytes) {
                    let _field = field?;
                    match _field.number {
                        $($number => $crate::record::Slot::fill(&mut $field, &_field)?,)*
                        _ => {}
                    }
                }
                Ok($name { $($field: $crate::record::Slot::finish($field, $text)?,)* })
            }
        }
    };
}
pub(crate) use record;
