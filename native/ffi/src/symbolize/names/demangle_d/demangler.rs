//! The place in a name that is read, what was written for it, and the bounds of both.

/// Names of templates in templates have some kilobytes, and mean not much more.
const MAX_STEPS: u32 = 1 << 16;
const MAX_OUTPUT_BYTES: usize = 1 << 16;
/// Types in types: the threads that demangle have stacks of megabytes.
const MAX_DEPTH: u32 = 256;

pub struct Demangler<'a> {
    pub name: &'a [u8],
    pub at: usize,
    pub out: String,
    pub is_simple: bool,
    steps: u32,
    depth: u32,
}

impl<'a> Demangler<'a> {
    pub fn new(name: &'a str, is_simple: bool) -> Demangler<'a> {
        let out = String::with_capacity(name.len());
        Demangler { name: name.as_bytes(), at: 0, out, is_simple, steps: MAX_STEPS, depth: 0 }
    }

    /// A second reader that many bytes further on, to look ahead: what it writes is lost.
    pub fn ahead(&self, distance: usize) -> Demangler<'a> {
        Demangler { at: self.at + distance, out: String::new(), ..*self }
    }

    pub fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    /// 0 behind the end.
    pub fn peek_at(&self, distance: usize) -> u8 {
        self.name.get(self.at + distance).copied().unwrap_or(0)
    }

    pub fn rest(&self) -> &'a [u8] {
        self.name.get(self.at..).unwrap_or_default()
    }

    pub fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text.as_bytes());
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    pub fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub fn step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        (self.out.len() <= MAX_OUTPUT_BYTES).then_some(())
    }

    pub fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.step()?;
        self.depth += 1;
        let result = if self.depth < MAX_DEPTH { parse(self) } else { None };
        self.depth -= 1;
        result
    }

    pub fn number(&mut self) -> Option<usize> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.rest()[..digits]).ok()?;
        self.at += digits;
        text.parse().ok()
    }

    /// The digits of a number, which may have more of them than a word.
    pub fn digits(&mut self) -> Option<&'a str> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.rest()[..digits]).ok()?;
        self.at += digits;
        (digits > 0).then_some(text)
    }

    /// Behind `Q`: to where it leads, which is before it.
    pub fn back_reference(&mut self) -> Option<usize> {
        let from = self.at;
        self.at += usize::from(self.peek() == b'Q');
        let mut distance = 0usize;
        loop {
            let letter = self.peek();
            self.at += 1;
            let digit = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a',
                _ => return None,
            };
            distance = distance.checked_mul(26)?.checked_add(usize::from(digit))?;
            if letter.is_ascii_lowercase() {
                return from.checked_sub(distance).filter(|&to| to < from);
            }
        }
    }

    /// What the reference leads to, and on behind the reference.
    pub fn referred(&mut self, parse: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let target = self.back_reference()?;
        let behind = std::mem::replace(&mut self.at, target);
        self.nested(parse)?;
        self.at = behind;
        Some(())
    }
}
