//! JSON text, where a person or a script reads what we say.

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// An object under construction.
#[derive(Default)]
pub struct Object {
    members: String,
}

impl Object {
    pub fn number(self, name: &str, value: u64) -> Object {
        self.member(name, &value.to_string())
    }

    pub fn text(self, name: &str, value: &str) -> Object {
        let mut json = String::new();
        push_string(&mut json, value);
        self.member(name, &json)
    }

    pub fn into_text(self) -> String {
        format!("{{{}}}", self.members)
    }

    fn member(mut self, name: &str, json: &str) -> Object {
        if !self.members.is_empty() {
            self.members.push(',');
        }
        push_string(&mut self.members, name);
        self.members.push(':');
        self.members.push_str(json);
        self
    }
}
