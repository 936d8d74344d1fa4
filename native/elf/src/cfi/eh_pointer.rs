use crate::file::reader::Reader;

const FORMAT_MASK: u8 = 0x0f;
const APPLICATION_MASK: u8 = 0x70;
const INDIRECT: u8 = 0x80;
const ALIGNED: u8 = 0x50;
pub(crate) const OMITTED: u8 = 0xff;

/// What encoded pointers may be relative to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bases {
    /// Where the bytes that are being read begin (DW_EH_PE_pcrel).
    pub section: u64,
    pub text: Option<u64>,
    pub data: Option<u64>,
}

/// An encoded pointer (DW_EH_PE_*). `None` at the end of the bytes, and for what has no meaning without a process:
/// indirect and function-relative ones, or a base that the file does not have.
#[inline]
pub(crate) fn read_pointer(reader: &mut Reader<'_>, encoding: u8, bases: &Bases) -> Option<u64> {
    if encoding & INDIRECT != 0 {
        return None;
    }
    let here = bases.section.wrapping_add(reader.position() as u64);
    let base = match encoding & APPLICATION_MASK {
        0x00 => 0,
        0x10 => here,
        0x20 => bases.text?,
        0x30 => bases.data?,
        ALIGNED => {
            reader.bytes((here.wrapping_neg() & 7) as usize)?;
            0
        }
        _ => return None,
    };
    Some(base.wrapping_add(read_value(reader, encoding)?))
}

/// The number in an encoded pointer, without its base: FDE lengths, and pointers that are only stepped over.
#[inline]
pub(crate) fn read_value(reader: &mut Reader<'_>, encoding: u8) -> Option<u64> {
    match encoding & FORMAT_MASK {
        0x0b => reader.u32().map(|value| value as i32 as u64),
        0x00 | 0x04 | 0x08 | 0x0c => reader.u64(),
        0x01 => reader.uleb(),
        0x02 => reader.u16().map(u64::from),
        0x03 => reader.u32().map(u64::from),
        0x09 => reader.sleb().map(|value| value as u64),
        0x0a => reader.u16().map(|value| value as i16 as u64),
        _ => None,
    }
}

/// Steps over a pointer whose value does not matter (the personality routine's).
pub(crate) fn skip_pointer(reader: &mut Reader<'_>, encoding: u8, bases: &Bases) -> Option<()> {
    if encoding == OMITTED {
        return Some(());
    }
    if encoding & APPLICATION_MASK == ALIGNED {
        return read_pointer(reader, encoding & !INDIRECT, bases).map(|_| ());
    }
    read_value(reader, encoding).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{read_pointer, Bases};
    use crate::file::reader::Reader;

    fn read(bytes: &[u8], encoding: u8) -> Option<u64> {
        let bases = Bases { section: 0x1000, text: Some(0x2000), data: None };
        read_pointer(&mut Reader::at(bytes, 1), encoding, &bases)
    }

    #[test]
    fn formats() {
        let bytes = [0, 0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0];
        assert_eq!(read(&bytes, 0x00), Some(0x1_ffff_fffe));
        assert_eq!(read(&bytes, 0x02), Some(0xfffe));
        assert_eq!(read(&bytes, 0x03), Some(0xffff_fffe));
        assert_eq!(read(&bytes, 0x0a), Some(-2i64 as u64));
        assert_eq!(read(&bytes, 0x0b), Some(-2i64 as u64));
        assert_eq!(read(&bytes, 0x0c), Some(0x1_ffff_fffe));
        assert_eq!(read(&[0, 0x80, 2], 0x01), Some(256));
        assert_eq!(read(&[0, 0x7e], 0x09), Some(-2i64 as u64));
        assert_eq!(read(&bytes, 0x05), None);
    }

    #[test]
    fn bases() {
        let bytes = [0, 4, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(read(&bytes, 0x1b), Some(0x1005));
        assert_eq!(read(&bytes, 0x2b), Some(0x2004));
        assert_eq!(read(&bytes, 0x3b), None);
        assert_eq!(read(&bytes, 0x50), Some(9));
        assert_eq!(read(&bytes, 0x9b), None);
    }
}
