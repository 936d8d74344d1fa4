//! Closures and coroutines in the names of Rust functions, in words: `{async fn}` for `{{closure}}`, `{async_fn_env#0}`.

/// `a::f::{{closure}}::{{closure}}` → `a::f::{async fn}::{closure#1}`. `known` is what rustc's debug information calls
/// those in the path, outermost first; without it they are closures. Such as stand in `<…>` have words of their own.
pub fn in_words(name: &str, known: &[&[u8]]) -> String {
    let braces = braces(name);
    let known: Vec<&str> = known.iter().filter_map(|label| label_of(label)).collect();
    let in_path: Vec<usize> =
        (0..braces.len()).filter(|&at| braces[at].is_in_path && is_function(&braces[at])).collect();
    let mut words: Vec<String> = braces.iter().map(|brace| word(brace.text)).collect();
    // With fewer known, the last is the function's own.
    let is_own_known = known.len() < in_path.len() && braces.last().is_some_and(|last| last.end == name.len());
    if known.len() == in_path.len() || is_own_known {
        let pairs = in_path.iter().rev().zip(known.iter().rev()).take(if is_own_known { 1 } else { known.len() });
        pairs.for_each(|(&at, label)| words[at] = word(label));
    }
    let mut out = String::with_capacity(name.len());
    let mut copied = 0;
    for (brace, word) in braces.iter().zip(&words) {
        out.push_str(&name[copied..brace.start]);
        out.push_str(word);
        copied = brace.end;
    }
    out + &name[copied..]
}

struct Brace<'a> {
    start: usize,
    end: usize,
    /// Without its braces.
    text: &'a str,
    /// Not inside of `<…>`.
    is_in_path: bool,
}

fn braces(name: &str) -> Vec<Brace<'_>> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut next = 0;
    for (at, letter) in name.char_indices() {
        match letter {
            _ if at < next => {}
            '<' => depth += 1,
            '>' if !name[..at].ends_with(['-', '=']) => depth = depth.saturating_sub(1),
            '{' => {
                let Some(length) = name[at..].find('}') else { break };
                let is_double = name[at..].starts_with("{{") && name[at + length..].starts_with("}}");
                let end = at + length + 1 + usize::from(is_double);
                let text = name[at..end].trim_matches(['{', '}']);
                found.push(Brace { start: at, end, text, is_in_path: depth == 0 });
                next = end;
            }
            _ => {}
        }
    }
    found
}

/// Code, and not an `{impl#0}` or a `{constant#0}`.
fn is_function(brace: &Brace<'_>) -> bool {
    is_function_label(brace.text)
}

fn is_function_label(text: &str) -> bool {
    ["closure", "async_", "gen_", "coroutine"].iter().any(|kind| text.starts_with(kind))
}

/// `{async_fn#0}<u8>` → `async_fn#0`.
fn label_of<'a>(label: &&'a [u8]) -> Option<&'a str> {
    let text = std::str::from_utf8(label).ok()?.strip_prefix('{')?.split('}').next()?;
    is_function_label(text).then_some(text)
}

/// `async_fn_env#0` → `{async fn}`, `closure#2` → `{closure#2}`: the first of its kind goes without a number.
fn word(text: &str) -> String {
    if !is_function_label(text) {
        return format!("{{{text}}}");
    }
    let (kind, number) = text.split_once('#').unwrap_or((text, "0"));
    let kind = kind.strip_suffix("_env").unwrap_or(kind).replace('_', " ");
    match number {
        "0" => format!("{{{kind}}}"),
        number => format!("{{{kind}#{number}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustc_calls_them_stands_in_the_path() {
        let words = |name, known: &[&str]| in_words(name, &known.iter().map(|it| it.as_bytes()).collect::<Vec<_>>());
        assert_eq!(words("a::f::{{closure}}", &["{async_fn#0}"]), "a::f::{async fn}");
        assert_eq!(words("a::f::{closure#0}", &["{async_block#1}<u8>"]), "a::f::{async block#1}");
        assert_eq!(
            words("a::f::{{closure}}::{{closure}}", &["{async_fn#0}", "{closure#1}"]),
            "a::f::{async fn}::{closure#1}"
        );
        assert_eq!(words("a::f::{{closure}}::{{closure}}", &["{closure#1}"]), "a::f::{closure}::{closure#1}");
        assert_eq!(words("a::f::{{closure}}::g::{{closure}}::h", &["{closure#1}"]), "a::f::{closure}::g::{closure}::h");
        assert_eq!(words("a::{impl#3}::f::{closure#2}", &[]), "a::{impl#3}::f::{closure#2}");
        assert_eq!(
            words("<p::Pin<a::f::{async_fn_env#0}> as F>::poll::{closure#0}", &["{impl#1}", "{closure#2}"]),
            "<p::Pin<a::f::{async fn}> as F>::poll::{closure#2}"
        );
    }

    #[test]
    fn everything_else_stays() {
        for name in ["a::f::<fn(u8) -> u8>::g", "{", "}{", "a{b", "{{closure", "a::{shim:vtable#0}", "é{ü}", "<{<}>"]
        {
            assert_eq!(in_words(name, &[b"{async_fn#0}"]), name);
        }
    }
}
