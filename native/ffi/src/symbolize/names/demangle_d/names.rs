//! Qualified names, with the templates and functions in them.

use super::demangler::Demangler;
use super::types::is_call_convention;

impl<'a> Demangler<'a> {
    /// `_D`, qualified name, then `Z` for what the compiler made, or a type that is not shown.
    pub fn mangled_name(&mut self) -> Option<()> {
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

    pub fn declared_type(&mut self) -> Option<()> {
        // What is left of a function's name that had no name behind it.
        if self.take("M") {
            self.modifiers();
        }
        self.a_type()
    }

    pub fn begins_name(&self) -> bool {
        match self.peek() {
            b'0'..=b'9' => true,
            b'_' => matches!(self.peek_at(2), b'T' | b'U') && self.peek_at(1) == b'_',
            b'Q' => {
                let mut ahead = self.ahead(0);
                ahead.back_reference().is_some_and(|to| self.name[to].is_ascii_digit())
            }
            _ => false,
        }
    }

    /// With `with_modifiers` also ` const` of methods.
    pub fn qualified_name(&mut self, with_modifiers: bool) -> Option<()> {
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
    pub fn arguments_of_name(&mut self, with_modifiers: bool) {
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

    pub fn identifier(&mut self) -> Option<()> {
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

    pub fn plain_identifier(&mut self, text: &'a [u8], end: usize) -> Option<()> {
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
    pub fn template(&mut self, end: Option<usize>) -> Option<()> {
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

    pub fn template_argument(&mut self) -> Option<()> {
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

    pub fn symbol_argument(&mut self) -> Option<()> {
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
}
