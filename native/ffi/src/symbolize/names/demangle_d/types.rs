//! Types, those of functions included.

use super::demangler::Demangler;

impl Demangler<'_> {
    /// The letter of the type that follows, behind references.
    pub fn kind_of_type(&self) -> u8 {
        let mut ahead = self.ahead(0);
        while ahead.peek() == b'Q' {
            let Some(to) = ahead.back_reference() else { return 0 };
            ahead.at = to;
        }
        ahead.peek()
    }

    pub fn a_type(&mut self) -> Option<()> {
        self.nested(Self::type_here)
    }

    pub fn type_here(&mut self) -> Option<()> {
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

    pub fn within(&mut self, before: &str, behind: &str) -> Option<()> {
        self.push(before);
        self.a_type()?;
        self.push(behind);
        Some(())
    }

    pub fn type_behind_n(&mut self) -> Option<()> {
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

    pub fn type_behind_z(&mut self) -> Option<()> {
        let name = match self.peek() {
            b'i' => "cent",
            b'k' => "ucent",
            _ => return None,
        };
        self.at += 1;
        self.push(name);
        Some(())
    }

    pub fn delegate(&mut self) -> Option<()> {
        let modifiers = self.modifiers();
        match self.peek() {
            b'Q' => self.referred(Self::function_type)?,
            _ => self.function_type()?,
        }
        self.push("delegate");
        self.push(&modifiers);
        Some(())
    }

    pub fn tuple(&mut self) -> Option<()> {
        self.push("Tuple!(");
        for number in 0..self.number()? {
            self.push(if number == 0 { "" } else { ", " });
            self.a_type()?;
        }
        self.push(")");
        Some(())
    }

    /// `int(char) pure `, result first.
    pub fn function_type(&mut self) -> Option<()> {
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
    pub fn function_without_result(&mut self) -> Option<String> {
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

    pub fn arguments(&mut self) -> Option<()> {
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

    pub fn argument(&mut self) -> Option<()> {
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
    pub fn is_identifier_type(&self) -> bool {
        self.ahead(1).begins_name()
    }

    pub fn modifiers(&mut self) -> String {
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
}

pub fn is_call_convention(letter: u8) -> bool {
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
