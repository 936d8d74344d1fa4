//! Closures and coroutines in the names of Rust functions, in words: `{async fn}` for `{{closure}}`, `{async_fn_env#0}`.

/// `a::f::{{closure}}::{{closure}}` → `a::f::{async fn}::{closure#1}`. `known` is what rustc's debug information calls
/// those in the path, outermost first; with fewer the last is the function's own, and the others stay closures. Such as
/// stand in `<…>` have words of their own. `{impl#0}`, `{{vtable.shim}}` and the like are no closures.
pub fn in_words(name: &str, known: &[&[u8]]) -> String {
    let mut closures = closures(name);
    let known: Vec<&str> = known.iter().filter_map(|name| known_closure(name)).collect();
    let in_path = closures.iter().filter(|closure| closure.is_in_path).count();
    let is_own_known = closures.last().is_some_and(|last| last.end == name.len());
    let taken = if known.len() == in_path { known.len() } else { usize::from(is_own_known && known.len() < in_path) };
    let path = closures.iter_mut().rev().filter(|closure| closure.is_in_path);
    path.zip(known.iter().rev()).take(taken).for_each(|(closure, known)| closure.text = known);
    let mut out = String::with_capacity(name.len());
    let mut copied = 0;
    for closure in closures {
        out.push_str(&name[copied..closure.start]);
        out.push_str(&word(closure.text));
        copied = closure.end;
    }
    out + &name[copied..]
}

struct Closure<'a> {
    start: usize,
    end: usize,
    /// Without its braces.
    text: &'a str,
    /// Not inside of `<…>`.
    is_in_path: bool,
}

fn closures(name: &str) -> Vec<Closure<'_>> {
    let mut found: Vec<Closure<'_>> = Vec::new();
    let mut depth = 0usize;
    for (at, letter) in name.char_indices() {
        match letter {
            _ if found.last().is_some_and(|last| at < last.end) => {}
            '<' => depth += 1,
            '>' if !name[..at].ends_with(['-', '=']) => depth = depth.saturating_sub(1),
            '{' => found.extend(closure_at(name, at).map(|(end, text)| Closure {
                start: at,
                end,
                text,
                is_in_path: depth == 0,
            })),
            _ => {}
        }
    }
    found
}

/// The end and the text of `{closure#0}` or, in legacy names, `{{closure}}`.
fn closure_at(name: &str, at: usize) -> Option<(usize, &str)> {
    let (open, close) = if name[at..].starts_with("{{") { ("{{", "}}") } else { ("{", "}") };
    let inner = &name[at + open.len()..];
    let text = &inner[..inner.find(close)?];
    is_closure(text).then_some((at + open.len() + text.len() + close.len(), text))
}

/// `text` with its braces or without.
pub fn is_closure(text: &str) -> bool {
    let inner = text.trim_start_matches('{');
    ["closure", "async_", "gen_", "coroutine"].iter().any(|kind| inner.starts_with(kind))
}

/// `{async_fn#0}<u8>` → `async_fn#0`.
fn known_closure<'a>(name: &&'a [u8]) -> Option<&'a str> {
    let text = std::str::from_utf8(name).ok()?.strip_prefix('{')?.split('}').next()?;
    is_closure(text).then_some(text)
}

/// `async_fn_env#0` → `{async fn}`, `closure#2` → `{closure#2}`: the first of its kind goes without a number.
fn word(text: &str) -> String {
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
        for name in [
            "a::f::<fn(u8) -> u8>::g",
            "{",
            "}{",
            "a{b",
            "{{closure",
            "a::{shim:vtable#0}",
            "é{ü}",
            "<{<}>",
            "a::call_once{{vtable.shim}}",
        ] {
            assert_eq!(in_words(name, &[b"{async_fn#0}"]), name);
        }
    }
}
