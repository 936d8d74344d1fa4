//! What is told to the client of an error or a problem: facts, its code first. The client makes the sentences, in one place
//! for all.

use bee_wire::fields::{fields, Field, Value, Writer};
use bee_wire::json::Object;
use bee_wire::protocol::{Facts as Layout, Walk};
use bee_wire::Record;

/// A message under construction: its fields so far. Each has its number in native/wire/protocol.json.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    code: &'static str,
    fields: Writer,
}

impl Facts {
    pub fn of(code: &'static str) -> Facts {
        Facts { code, fields: Writer::default() }.text("code", code)
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    /// `value`: of an integer type, not negative.
    pub fn number(self, name: &str, value: impl std::fmt::Display) -> Facts {
        self.field(name, Value::Unsigned(value.to_string().parse().unwrap_or_default()))
    }

    pub fn text(self, name: &str, value: &str) -> Facts {
        self.field(name, Value::Text(value))
    }

    /// For what may not be UTF-8, such as a path or the name of a thread.
    pub fn bytes(self, name: &str, value: &[u8]) -> Facts {
        self.text(name, &String::from_utf8_lossy(value))
    }

    pub fn texts(self, name: &str, values: &[String]) -> Facts {
        values.iter().fold(self, |facts, value| facts.text(name, value))
    }

    pub fn walk(self, name: &str, walk: &Walk) -> Facts {
        self.field(name, Value::Record(&walk.to_bytes()))
    }

    pub fn payload(&self) -> &[u8] {
        self.fields.bytes()
    }

    /// For scripts; numbers and texts.
    pub fn to_json(&self) -> String {
        let members = fields(self.payload()).flatten();
        let object = members.fold(Object::default(), |object, Field { number, value }| match value {
            Value::Unsigned(value) => object.number(name_of(number), value),
            Value::Text(value) => object.text(name_of(number), value),
            _ => object,
        });
        object.into_text()
    }

    /// A name without a number is left out, and a test finds it.
    fn field(mut self, name: &str, value: Value<'_>) -> Facts {
        if let Some((_, number)) = Layout::NUMBERS.iter().find(|(known, _)| *known == name) {
            self.fields.put(*number, value);
        }
        self
    }
}

fn name_of(number: u16) -> &'static str {
    Layout::NUMBERS.iter().find(|(_, known)| *known == number).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_fields_of_the_protocol_and_json_for_scripts() {
        let facts = Facts::of("odd").number("pid", 7).bytes("path", b"/\"a\\\n\xff").texts("rows", &["x".into()]);
        assert_eq!(
            Layout::read(facts.payload()),
            Ok(Layout {
                code: "odd".into(),
                pid: Some(7),
                path: Some("/\"a\\\n\u{fffd}".into()),
                rows: vec!["x".into()],
                ..Layout::default()
            })
        );
        let facts = Facts::of("odd").number("pid", 7).bytes("path", b"/\"a\\\n\xff");
        assert_eq!(facts.to_json(), "{\"code\":\"odd\",\"pid\":7,\"path\":\"/\\\"a\\\\\\u000a\u{fffd}\"}");
    }
}
