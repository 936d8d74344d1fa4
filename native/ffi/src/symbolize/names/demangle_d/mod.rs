//! Linkage names of D → names as `c++filt -s dlang` writes them: `std.stdio.File.~this()`, without the types of results
//! and variables and without attributes. The grammar is that of <https://dlang.org/spec/abi.html#name_mangling>.
//!
//! No crate demangles D (searched in November 2026). References back into the name may repeat one another, so that what
//! a name of some bytes means grows exponentially: steps and bytes are bounded, and a name beyond them stays as it is.

/// Names of templates in templates have some kilobytes, and mean not much more.
const MAX_STEPS: u32 = 1 << 16;
const MAX_OUTPUT_BYTES: usize = 1 << 16;
/// Types in types: the threads that demangle have stacks of megabytes.
const MAX_DEPTH: u32 = 256;

/// `None` for what is no name of D. `is_simple`: without arguments of functions and templates.
pub fn demangle_d(name: &str, is_simple: bool) -> Option<String> {
    if name == "_Dmain" {
        return Some("D main".to_string());
    }
    let bytes = name.as_bytes();
    if !name.is_ascii() || !is_d_name(bytes) {
        return None;
    }
    let out = String::with_capacity(name.len());
    let mut demangler = Demangler { name: bytes, at: 0, out, is_simple, steps: MAX_STEPS, depth: 0 };
    demangler.mangled_name()?;
    (demangler.at == bytes.len()).then_some(demangler.out)
}

/// Whether a name begins as those of D do.
pub fn is_d_name(name: &[u8]) -> bool {
    name.strip_prefix(b"_D").and_then(<[u8]>::first).is_some_and(|first| first.is_ascii_digit() || *first == b'_')
}

struct Demangler<'a> {
    name: &'a [u8],
    at: usize,
    out: String,
    is_simple: bool,
    steps: u32,
    depth: u32,
}

impl<'a> Demangler<'a> {
    fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    /// 0 behind the end.
    fn peek_at(&self, distance: usize) -> u8 {
        self.name.get(self.at + distance).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'a [u8] {
        self.name.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text.as_bytes());
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        (self.out.len() <= MAX_OUTPUT_BYTES).then_some(())
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.step()?;
        self.depth += 1;
        let result = if self.depth < MAX_DEPTH { parse(self) } else { None };
        self.depth -= 1;
        result
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.rest()[..digits]).ok()?;
        self.at += digits;
        text.parse().ok()
    }

    /// The digits of a number, which may have more of them than a word.
    fn digits(&mut self) -> Option<&'a str> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.rest()[..digits]).ok()?;
        self.at += digits;
        (digits > 0).then_some(text)
    }

    /// Behind `Q`: to where it leads, which is before it.
    fn back_reference(&mut self) -> Option<usize> {
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
    fn referred(&mut self, parse: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let target = self.back_reference()?;
        let behind = std::mem::replace(&mut self.at, target);
        self.nested(parse)?;
        self.at = behind;
        Some(())
    }

    /// `_D`, qualified name, then `Z` for what the compiler made, or a type that is not shown.
    fn mangled_name(&mut self) -> Option<()> {
        if !self.take("_D") {
            return None;
        }
        self.qualified_name(true)?;
        if self.take("Z") {
            return Some(());
        }
        let length = self.out.len();
        self.declared_type()?;
        self.out.truncate(length);
        Some(())
    }

    fn declared_type(&mut self) -> Option<()> {
        // What is left of a function's name that had no name behind it.
        if self.take("M") {
            self.modifiers();
        }
        self.a_type()
    }

    fn begins_name(&self) -> bool {
        match self.peek() {
            b'0'..=b'9' => true,
            b'_' => matches!(self.peek_at(2), b'T' | b'U') && self.peek_at(1) == b'_',
            b'Q' => {
                let mut ahead = Demangler { out: String::new(), ..*self };
                ahead.back_reference().is_some_and(|to| self.name[to].is_ascii_digit())
            }
            _ => false,
        }
    }

    /// With `with_modifiers` also ` const` of methods.
    fn qualified_name(&mut self, with_modifiers: bool) -> Option<()> {
        let mut is_first = true;
        loop {
            self.step()?;
            while self.peek() == b'0' {
                self.at += 1;
            }
            if !std::mem::take(&mut is_first) {
                self.push(".");
            }
            self.identifier()?;
            if self.peek() == b'M' || is_call_convention(self.peek()) {
                self.arguments_of_name(with_modifiers);
            }
            if !self.begins_name() {
                return Some(());
            }
        }
    }

    /// Those of a function, also in the middle of a name; but not the type of a variable that is a function's.
    fn arguments_of_name(&mut self, with_modifiers: bool) {
        let (at, length) = (self.at, self.out.len());
        let modifiers = if self.take("M") { self.modifiers() } else { String::new() };
        let is_function = self.function_without_result().is_some() && self.at < self.name.len();
        if !is_function {
            (self.at, _) = (at, self.out.truncate(length));
        } else if self.is_simple {
            self.out.truncate(length);
        } else if with_modifiers {
            self.push(&modifiers);
        }
    }

    fn identifier(&mut self) -> Option<()> {
        if self.peek() == b'Q' {
            return self.referred(|it| if it.peek().is_ascii_digit() { it.identifier() } else { None });
        }
        if self.rest().starts_with(b"__T") || self.rest().starts_with(b"__U") {
            return self.nested(|it| it.template(None));
        }
        let length = self.number()?;
        let end = self.at.checked_add(length).filter(|&end| length > 0 && end <= self.name.len())?;
        let text = &self.name[self.at..end];
        if length >= 5 && (text.starts_with(b"__T") || text.starts_with(b"__U")) {
            return self.nested(|it| it.template(Some(end)));
        }
        // The parent of what two functions would have in common.
        if text.strip_prefix(b"__S").is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit)) {
            self.at = end;
            return self.nested(Self::identifier);
        }
        self.plain_identifier(text, end)
    }

    fn plain_identifier(&mut self, text: &'a [u8], end: usize) -> Option<()> {
        let is_made = self.name.get(end) == Some(&b'Z');
        let of_compiler = match text {
            b"__init" => "initializer for ",
            b"__vtbl" => "vtable for ",
            b"__Class" => "ClassInfo for ",
            b"__Interface" => "Interface for ",
            b"__ModuleInfo" => "ModuleInfo for ",
            _ => "",
        };
        if is_made && !of_compiler.is_empty() {
            self.at = end;
            let length = self.out.trim_end_matches('.').len();
            self.out.truncate(length);
            self.out.insert_str(0, of_compiler);
            return Some(());
        }
        self.at = end;
        match text {
            b"__ctor" => self.push("this"),
            b"__dtor" => self.push("~this"),
            b"__postblit" if self.take("MFZ") => self.push("this(this)"),
            _ => self.push(std::str::from_utf8(text).ok()?),
        }
        Some(())
    }

    /// `__T`, name, arguments, `Z`; in older names with the length of all that before it.
    fn template(&mut self, end: Option<usize>) -> Option<()> {
        self.at += 3;
        self.identifier()?;
        let length = self.out.len();
        self.push("!(");
        let mut is_first = true;
        while !self.take("Z") {
            self.step()?;
            if !std::mem::take(&mut is_first) {
                self.push(", ");
            }
            self.take("H");
            self.template_argument()?;
        }
        self.push(")");
        if self.is_simple {
            self.out.truncate(length);
        }
        end.is_none_or(|end| self.at == end).then_some(())
    }

    fn template_argument(&mut self) -> Option<()> {
        let kind = self.peek();
        self.at += 1;
        match kind {
            b'T' => self.a_type(),
            b'S' => self.symbol_argument(),
            b'V' => {
                let kind = self.kind_of_type();
                let length = self.out.len();
                self.a_type()?;
                let name = self.out.split_off(length);
                self.value(kind, &name)
            }
            b'X' => {
                let length = self.number()?;
                let text = self.rest().get(..length)?;
                self.push(std::str::from_utf8(text).ok()?);
                self.at += length;
                Some(())
            }
            _ => None,
        }
    }

    fn symbol_argument(&mut self) -> Option<()> {
        if self.rest().starts_with(b"_D") {
            return self.nested(Self::mangled_name);
        }
        let (at, length) = (self.at, self.out.len());
        // Older names have the length of the symbol, whose own name begins with a number too.
        if let Some(end) = self.number().and_then(|length| self.at.checked_add(length)) {
            if self.rest().starts_with(b"_D") && self.nested(Self::mangled_name).is_some() && self.at == end {
                return Some(());
            }
            self.out.truncate(length);
        }
        self.at = at;
        self.nested(|it| it.qualified_name(false))
    }

    /// The letter of the type that follows, behind references.
    fn kind_of_type(&self) -> u8 {
        let mut ahead = Demangler { out: String::new(), ..*self };
        while ahead.peek() == b'Q' {
            let Some(to) = ahead.back_reference() else { return 0 };
            ahead.at = to;
        }
        ahead.peek()
    }

    fn a_type(&mut self) -> Option<()> {
        self.nested(Self::type_here)
    }

    fn type_here(&mut self) -> Option<()> {
        let letter = self.peek();
        if is_call_convention(letter) {
            return self.function_type();
        }
        if letter == b'Q' {
            return self.referred(Self::type_here);
        }
        self.at += 1;
        match letter {
            b'x' => self.within("const(", ")"),
            b'y' => self.within("immutable(", ")"),
            b'O' => self.within("shared(", ")"),
            b'A' => self.within("", "[]"),
            b'P' if is_call_convention(self.peek()) => {
                self.function_type()?;
                self.push("function");
                Some(())
            }
            b'P' => self.within("", "*"),
            b'G' => {
                let count = self.digits()?;
                self.within("", &format!("[{count}]"))
            }
            b'H' => {
                let length = self.out.len();
                self.a_type()?;
                let key = self.out.split_off(length);
                self.within("", &format!("[{key}]"))
            }
            b'D' => self.delegate(),
            b'B' => self.tuple(),
            b'C' | b'S' | b'E' | b'T' | b'I' => self.qualified_name(false),
            b'N' => self.type_behind_n(),
            b'z' => self.type_behind_z(),
            _ => basic_type(letter).map(|name| self.push(name)),
        }
    }

    fn within(&mut self, before: &str, behind: &str) -> Option<()> {
        self.push(before);
        self.a_type()?;
        self.push(behind);
        Some(())
    }

    fn type_behind_n(&mut self) -> Option<()> {
        let letter = self.peek();
        self.at += 1;
        match letter {
            b'g' => self.within("inout(", ")"),
            b'h' => self.within("__vector(", ")"),
            b'n' => {
                self.push("typeof(*null)");
                Some(())
            }
            _ => None,
        }
    }

    fn type_behind_z(&mut self) -> Option<()> {
        let name = match self.peek() {
            b'i' => "cent",
            b'k' => "ucent",
            _ => return None,
        };
        self.at += 1;
        self.push(name);
        Some(())
    }

    fn delegate(&mut self) -> Option<()> {
        let modifiers = self.modifiers();
        match self.peek() {
            b'Q' => self.referred(Self::function_type)?,
            _ => self.function_type()?,
        }
        self.push("delegate");
        self.push(&modifiers);
        Some(())
    }

    fn tuple(&mut self) -> Option<()> {
        self.push("Tuple!(");
        for number in 0..self.number()? {
            self.push(if number == 0 { "" } else { ", " });
            self.a_type()?;
        }
        self.push(")");
        Some(())
    }

    /// `int(char) pure `, result first.
    fn function_type(&mut self) -> Option<()> {
        self.step()?;
        let length = self.out.len();
        let convention = call_convention(self.peek())?;
        let attributes = self.function_without_result()?;
        let arguments = self.out.split_off(length);
        self.push(convention);
        self.a_type()?;
        self.push(&arguments);
        self.push(" ");
        self.push(&attributes);
        Some(())
    }

    /// Pushes the arguments in their parentheses; returns the attributes, each with a space behind it.
    fn function_without_result(&mut self) -> Option<String> {
        call_convention(self.peek())?;
        self.at += 1;
        let mut attributes = String::new();
        while self.peek() == b'N' {
            let Some(attribute) = function_attribute(self.peek_at(1)) else { break };
            self.at += 2;
            attributes.push_str(attribute);
            attributes.push(' ');
        }
        self.push("(");
        self.arguments()?;
        self.push(")");
        Some(attributes)
    }

    fn arguments(&mut self) -> Option<()> {
        let mut is_first = true;
        loop {
            self.step()?;
            let end = match self.peek() {
                b'X' => "...",
                b'Y' if is_first => "...",
                b'Y' => ", ...",
                b'Z' => "",
                _ => {
                    self.push(if std::mem::take(&mut is_first) { "" } else { ", " });
                    self.argument()?;
                    continue;
                }
            };
            self.at += 1;
            self.push(end);
            return Some(());
        }
    }

    fn argument(&mut self) -> Option<()> {
        loop {
            let (word, length) = match (self.peek(), self.peek_at(1)) {
                (b'M', _) => ("scope ", 1),
                (b'N', b'k') => ("return ", 2),
                (b'I', b'K') => ("in ", 1),
                (b'I', _) if !self.is_identifier_type() => ("in ", 1),
                (b'J', _) => ("out ", 1),
                (b'K', _) => ("ref ", 1),
                (b'L', _) => ("lazy ", 1),
                _ => return self.a_type(),
            };
            self.step()?;
            self.push(word);
            self.at += length;
        }
    }

    /// `I` is also the type of a name.
    fn is_identifier_type(&self) -> bool {
        Demangler { at: self.at + 1, out: String::new(), ..*self }.begins_name()
    }

    fn modifiers(&mut self) -> String {
        let mut text = String::new();
        loop {
            let (word, length) = match (self.peek(), self.peek_at(1)) {
                (b'x', _) => (" const", 1),
                (b'y', _) => (" immutable", 1),
                (b'O', _) => (" shared", 1),
                (b'N', b'g') => (" inout", 2),
                _ => return text,
            };
            text.push_str(word);
            self.at += length;
        }
    }

    /// Of a template's argument. `kind` and `type_name` are those of its type.
    fn value(&mut self, kind: u8, type_name: &str) -> Option<()> {
        self.nested(|it| it.value_here(kind, type_name))
    }

    fn value_here(&mut self, kind: u8, type_name: &str) -> Option<()> {
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

    fn integer(&mut self, kind: u8) -> Option<()> {
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
    fn real(&mut self) -> Option<()> {
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
    fn string(&mut self, letter: u8) -> Option<()> {
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

    fn list(&mut self, before: &str, behind: &str, is_of_pairs: bool) -> Option<()> {
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

fn is_call_convention(letter: u8) -> bool {
    call_convention(letter).is_some()
}

fn call_convention(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'F' => "",
        b'U' => "extern(C) ",
        b'W' => "extern(Windows) ",
        b'V' => "extern(Pascal) ",
        b'R' => "extern(C++) ",
        b'Y' => "extern(Objective-C) ",
        _ => return None,
    })
}

/// Behind `N`; `Ng`, `Nh`, `Nk` and `Nn` begin the first argument.
fn function_attribute(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'a' => "pure",
        b'b' => "nothrow",
        b'c' => "ref",
        b'd' => "@property",
        b'e' => "@trusted",
        b'f' => "@safe",
        b'i' => "@nogc",
        b'j' => "return",
        b'l' => "scope",
        b'm' => "@live",
        _ => return None,
    })
}

fn basic_type(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'n' => "typeof(null)",
        b'v' => "void",
        b'g' => "byte",
        b'h' => "ubyte",
        b's' => "short",
        b't' => "ushort",
        b'i' => "int",
        b'k' => "uint",
        b'l' => "long",
        b'm' => "ulong",
        b'f' => "float",
        b'd' => "double",
        b'e' => "real",
        b'o' => "ifloat",
        b'p' => "idouble",
        b'j' => "ireal",
        b'q' => "cfloat",
        b'r' => "cdouble",
        b'c' => "creal",
        b'b' => "bool",
        b'a' => "char",
        b'u' => "wchar",
        b'w' => "dchar",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Phobos and druntime, by ldc and gdc; with each what `c++filt -s dlang` of binutils 2.40 says.
    const NAMES: [(&str, &str); 22] = [
        ("_Dmain", "D main"),
        ("_D3std5stdio4File6__dtorMFZv", "std.stdio.File.~this()"),
        ("_D8demangle4testFiZv", "demangle.test(int)"),
        ("_D3std5stdio4File8opAssignMFNcNjNfSQBhQBgQBdZQl", "std.stdio.File.opAssign(std.stdio.File)"),
        (
            "_D3std8encoding19EncodingSchemeASCII10safeDecodeMxFNaNbNiNfKAxhZw",
            "std.encoding.EncodingSchemeASCII.safeDecode(ref const(ubyte)[]) const",
        ),
        ("_D36TypeInfo_E3etc1c4curl13CurlIpResolve6__initZ", "initializer for TypeInfo_E3etc1c4curl13CurlIpResolve"),
        ("_D11TypeInfo_Aa6__vtblZ", "vtable for TypeInfo_Aa"),
        (
            "_D3std12experimental9allocator15building_blocks6region12__ModuleInfoZ",
            "ModuleInfo for std.experimental.allocator.building_blocks.region",
        ),
        (
            "_D4core8internal2gc4impl12conservativeQw3Gcx__T11markPreciseVbi0ZQsMFNbNiNlPvQcZv",
            "core.internal.gc.impl.conservative.gc.Gcx.markPrecise!(false).markPrecise(void*, void*)",
        ),
        ("_D4core8internal2gc4impl12conservativeQw10mallocTimel", "core.internal.gc.impl.conservative.gc.mallocTime"),
        (
            "_D3std11parallelism__T4TaskSQBaQz3runTDFZvZQv11enforcePoolMFNaNfZv",
            "std.parallelism.Task!(std.parallelism.run, void() delegate).Task.enforcePool()",
        ),
        (
            "_D3std12experimental9allocator15building_blocks14allocator_list__T13AllocatorListTSQDdQDcQCr8showcase14\
             mmapRegionListFmZ7FactoryTSQEyQExQEmQEf14null_allocator13NullAllocatorZQEe4Node6__initZ",
            "initializer for std.experimental.allocator.building_blocks.allocator_list.AllocatorList!(\
             std.experimental.allocator.showcase.mmapRegionList(ulong).Factory, \
             std.experimental.allocator.building_blocks.null_allocator.NullAllocator).AllocatorList.Node",
        ),
        (
            "_D3std12experimental9allocator12RCIAllocator__T6__ctorTSQCcQCbQBqQBjZQwMFNaNbNcNiNfCQDeQDdQCs10IAllocatorZQBz",
            "std.experimental.allocator.RCIAllocator.this!(std.experimental.allocator.RCIAllocator).this(\
             std.experimental.allocator.IAllocator)",
        ),
        ("_D8demangle4testFHAbaZv", "demangle.test(char[bool[]])"),
        ("_D8demangle4testFG42aZv", "demangle.test(char[42])"),
        ("_D8demangle4testFPFNaNbZaZv", "demangle.test(char() pure nothrow function)"),
        ("_D8demangle4testFAiXv", "demangle.test(int[]...)"),
        ("_D8demangle4testFaYv", "demangle.test(char, ...)"),
        ("_D8demangle4testFLPmJiKlMdZv", "demangle.test(lazy ulong*, out int, ref long, scope double)"),
        ("_D8demangle__T4testVAyaa3_616263Vde0A8P6Va97Z1fFZv", r#"demangle.test!("abc", 0x0.A8p6, 'a').f()"#),
        ("_D8demangle10__postblitMFZv", "demangle.this(this)"),
        ("_D8demangle3fooMFZ3barFZv", "demangle.foo().bar()"),
    ];

    #[test]
    fn names_are_those_of_binutils() {
        for (name, expected) in NAMES {
            assert_eq!(demangle_d(name, false).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn simple_names_have_no_arguments() {
        let simple = |name| demangle_d(name, true);
        assert_eq!(
            simple("_D3std11parallelism__T4TaskSQBaQz3runTDFZvZQv11enforcePoolMFNaNfZv").as_deref(),
            Some("std.parallelism.Task.Task.enforcePool")
        );
        assert_eq!(simple("_D3std5stdio4File6__dtorMFZv").as_deref(), Some("std.stdio.File.~this"));
    }

    #[test]
    fn what_is_no_name_of_d_stays_and_costs_little() {
        let doubling = format!("_D1a__T1b{}Z1cFZv", "TSQcQe".repeat(400));
        let nested = format!("_D1aF{}vZv", "A".repeat(5000));
        let pairs = format!("_D1aFS1b__T1xTiZ{}Zv", "TB9QiQiQiQiQiQiQiQiQi".repeat(20));
        let torn = ["", "_D", "_D9", "_D1a", "_D99a", "_DQb", "_D1aQa", "_D1aFQbZv", "_D__T", "_D1aFé", "_Dtest"];
        for name in torn.into_iter().chain([&doubling[..], &nested, &pairs]) {
            let begin = std::time::Instant::now();
            assert_eq!(demangle_d(name, false), None, "{name}");
            assert!(begin.elapsed().as_millis() < 500, "{name}");
        }
    }

    #[test]
    fn every_change_of_a_letter_is_survived() {
        for (name, _) in NAMES {
            for at in 2..name.len() {
                for letter in ["", "Q", "Z", "9", "0", "T", "_", "a", "M", "F", "N"] {
                    demangle_d(&format!("{}{letter}{}", &name[..at], &name[at + 1..]), false);
                    demangle_d(&name[..at], true);
                }
            }
        }
    }
}
