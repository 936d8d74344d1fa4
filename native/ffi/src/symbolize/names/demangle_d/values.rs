//! Values of template arguments.

use super::demangler::Demangler;

impl Demangler<'_> {
    /// Of a template's argument. `kind` and `type_name` are those of its type.
    pub fn value(&mut self, kind: u8, type_name: &str) -> Option<()> {
        self.nested(|it| it.value_here(kind, type_name))
    }

    pub fn value_here(&mut self, kind: u8, type_name: &str) -> Option<()> {
        let letter = self.peek();
        if letter.is_ascii_digit() {
            return self.integer(kind);
        }
        self.at += 1;
        match letter {
            b'n' => self.push("null"),
            b'i' if self.peek().is_ascii_digit() => self.integer(kind)?,
            b'N' => {
                self.push("-");
                self.integer(kind)?;
            }
            b'e' => self.real()?,
            b'c' => {
                self.real()?;
                self.push("+");
                if !self.take("c") {
                    return None;
                }
                self.real()?;
                self.push("i");
            }
            b'a' | b'w' | b'd' => self.string(letter)?,
            b'A' if kind == b'H' => self.list("[", "]", true)?,
            b'A' => self.list("[", "]", false)?,
            b'S' => {
                self.push(type_name);
                self.list("(", ")", false)?;
            }
            b'f' => self.nested(Self::mangled_name)?,
            _ => return None,
        }
        Some(())
    }

    pub fn integer(&mut self, kind: u8) -> Option<()> {
        let digits = self.digits()?;
        match kind {
            b'a' | b'u' | b'w' => {
                let code: u32 = digits.parse().ok()?;
                let text = match (kind, char::from_u32(code)) {
                    (b'a', Some(letter @ ' '..='~')) => letter.to_string(),
                    (b'a', _) => format!("\\x{code:02x}"),
                    (b'u', _) => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                };
                self.push(&format!("'{text}'"));
            }
            b'b' => self.push(if digits.parse() == Ok(0) { "false" } else { "true" }),
            _ => {
                self.push(digits);
                self.push(match kind {
                    b'h' | b't' | b'k' => "u",
                    b'l' => "L",
                    b'm' => "uL",
                    _ => "",
                });
            }
        }
        Some(())
    }

    /// `18P3` → `0x1.8p3`.
    pub fn real(&mut self) -> Option<()> {
        for (word, name) in [("NAN", "NaN"), ("INF", "Inf"), ("NINF", "-Inf")] {
            if self.take(word) {
                self.push(name);
                return Some(());
            }
        }
        let sign = if self.take("N") { "-" } else { "" };
        let count = self.rest().iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')).count();
        let digits = std::str::from_utf8(&self.rest()[..count]).ok().filter(|digits| !digits.is_empty())?;
        self.at += count;
        if !self.take("P") {
            return None;
        }
        let exponent_sign = if self.take("N") { "-" } else { "" };
        let exponent = self.digits()?;
        self.push(&format!("{sign}0x{}.{}p{exponent_sign}{exponent}", &digits[..1], &digits[1..]));
        Some(())
    }

    /// Number of bytes, `_`, the bytes in hexadecimal.
    pub fn string(&mut self, letter: u8) -> Option<()> {
        let count = self.number()?;
        if !self.take("_") {
            return None;
        }
        let digits = self.rest().get(..count.checked_mul(2)?)?;
        self.push("\"");
        for pair in digits.chunks_exact(2) {
            let byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            match byte {
                b'\t' => self.push("\\t"),
                b'\n' => self.push("\\n"),
                b'\r' => self.push("\\r"),
                0x0c => self.push("\\f"),
                0x0b => self.push("\\v"),
                b' '..=b'~' => self.out.push(char::from(byte)),
                _ => self.push(&format!("\\x{}", std::str::from_utf8(pair).ok()?)),
            }
        }
        self.push("\"");
        if letter != b'a' {
            self.out.push(char::from(letter));
        }
        self.at += digits.len();
        Some(())
    }

    pub fn list(&mut self, before: &str, behind: &str, is_of_pairs: bool) -> Option<()> {
        self.push(before);
        for number in 0..self.number()? {
            self.push(if number == 0 { "" } else { ", " });
            self.value(0, "")?;
            if is_of_pairs {
                self.push(":");
                self.value(0, "")?;
            }
        }
        self.push(behind);
        Some(())
    }
}
