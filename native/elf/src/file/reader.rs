/// Little-endian reads from a slice. Every read returns `None` at the end instead of panicking, and then leaves the
/// position where it was or later.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Reader<'a> {
        Reader { data, position: 0 }
    }

    pub fn at(data: &'a [u8], position: usize) -> Reader<'a> {
        Reader { data, position }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    pub fn is_empty(&self) -> bool {
        self.position >= self.data.len()
    }

    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(count)?;
        let bytes = self.data.get(self.position..end)?;
        self.position = end;
        Some(bytes)
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let rest = self.data.get(self.position..)?;
        let bytes = *rest.first_chunk::<N>()?;
        self.position += N;
        Some(bytes)
    }

    #[inline(always)]
    pub fn u8(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Unsigned LEB128; `None` also for a value beyond 64 bits.
    #[inline(always)]
    pub fn uleb(&mut self) -> Option<u64> {
        let first = self.u8()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        self.long_uleb(first)
    }

    fn long_uleb(&mut self, first: u8) -> Option<u64> {
        let mut value = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift < 64 {
                let shifted = bits << shift;
                if shifted >> shift != bits {
                    return None;
                }
                value |= shifted;
            } else if bits != 0 {
                return None;
            }
            if byte < 0x80 {
                return Some(value);
            }
            shift = (shift + 7).min(64);
        }
    }

    /// Signed LEB128; bits beyond the 64th are dropped, they can only repeat the sign in valid input.
    pub fn sleb(&mut self) -> Option<i64> {
        let mut value = 0i64;
        let mut shift = 0;
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= i64::from(byte & 0x7f) << shift;
            }
            shift = (shift + 7).min(70);
            if byte < 0x80 {
                if shift < 64 && byte & 0x40 != 0 {
                    value |= -1 << shift;
                }
                return Some(value);
            }
        }
    }

    /// The bytes before the next NUL, which is consumed.
    pub fn c_string(&mut self) -> Option<&'a [u8]> {
        let rest = self.data.get(self.position..)?;
        let length = rest.iter().position(|&byte| byte == 0)?;
        self.position += length + 1;
        Some(&rest[..length])
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn leb_values_of_the_standard() {
        let uleb = |bytes: &[u8]| Reader::new(bytes).uleb();
        assert_eq!(uleb(&[2]), Some(2));
        assert_eq!(uleb(&[0x80, 1]), Some(128));
        assert_eq!(uleb(&[0xe5, 0x8e, 0x26]), Some(624_485));
        assert_eq!(uleb(&[0x80, 0x80, 0x00]), Some(0));
        assert_eq!(uleb(&[0x80]), None);
        assert_eq!(uleb(&[0xff; 10]), None);
        let sleb = |bytes: &[u8]| Reader::new(bytes).sleb();
        assert_eq!(sleb(&[0x78]), Some(-8));
        assert_eq!(sleb(&[0x80, 0x7f]), Some(-128));
        assert_eq!(sleb(&[0xff, 0x00]), Some(127));
    }

    #[test]
    fn uleb_keeps_all_64_bits_and_no_more() {
        let mut bytes = [0xff; 10];
        bytes[9] = 1;
        assert_eq!(Reader::new(&bytes).uleb(), Some(u64::MAX));
        bytes[9] = 2;
        assert_eq!(Reader::new(&bytes).uleb(), None);
    }
}
