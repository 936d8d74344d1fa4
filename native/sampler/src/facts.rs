//! What is told to the client of an error or a problem: a JSON object of facts, its code first. The client makes the
//! sentences, in one place for all.

/// An object under construction: its members so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    code: &'static str,
    members: String,
}

impl Facts {
    pub fn of(code: &'static str) -> Facts {
        Facts { code, members: format!("\"code\":{}", json_text(code)) }
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn number(self, name: &str, value: impl std::fmt::Display) -> Facts {
        self.member(name, &value.to_string())
    }

    pub fn text(self, name: &str, value: &str) -> Facts {
        self.member(name, &json_text(value))
    }

    /// For what may not be UTF-8, such as a path or the name of a thread.
    pub fn bytes(self, name: &str, value: &[u8]) -> Facts {
        self.text(name, &String::from_utf8_lossy(value))
    }

    pub fn texts(self, name: &str, values: &[String]) -> Facts {
        let texts: Vec<String> = values.iter().map(|value| json_text(value)).collect();
        self.member(name, &format!("[{}]", texts.join(",")))
    }

    /// `json`: an object.
    pub fn object(self, name: &str, json: &str) -> Facts {
        self.member(name, json)
    }

    pub fn to_json(&self) -> String {
        format!("{{{}}}", self.members)
    }

    fn member(mut self, name: &str, json: &str) -> Facts {
        self.members.push_str(&format!(",\"{name}\":{json}"));
        self
    }
}

/// A JSON string literal.
fn json_text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_of_their_coming_and_texts_are_escaped() {
        let facts = Facts::of("odd").number("pid", 7).bytes("path", b"/\"a\\\n\xff").texts("rows", &["x".into()]);
        assert_eq!(
            facts.to_json(),
            "{\"code\":\"odd\",\"pid\":7,\"path\":\"/\\\"a\\\\\\u000a\u{fffd}\",\"rows\":[\"x\"]}"
        );
    }
}
