//! What rustc calls closures and coroutines: `{async_fn#0}`, where linkage names say `{{closure}}` of all.

/// The namespaces of a unit that are closures. They end inside of each other.
#[derive(Default)]
pub(crate) struct Closures<'data> {
    spans: Vec<Span<'data>>,
}

struct Span<'data> {
    name: &'data [u8],
    start: usize,
    end: usize,
}

/// Its number in the unit.
pub(crate) type ClosureIndex = u32;
pub(crate) const NO_CLOSURE: ClosureIndex = u32::MAX;
/// Of one unit.
const MAX_CLOSURES: usize = 1 << 16;

impl<'data> Closures<'data> {
    pub fn begin(&mut self, name: &'data [u8], start: usize) -> Option<ClosureIndex> {
        let is_one = is_closure(name) && self.spans.len() < MAX_CLOSURES;
        is_one.then(|| {
            self.spans.push(Span { name, start, end: usize::MAX });
            self.spans.len() as ClosureIndex - 1
        })
    }

    pub fn end(&mut self, index: ClosureIndex, end: usize) {
        if let Some(span) = self.spans.get_mut(index as usize) {
            span.end = end;
        }
    }

    /// Names of those around an entry, outermost first.
    pub fn around(&self, offset: usize) -> impl Iterator<Item = &'data [u8]> + '_ {
        let begun = &self.spans[..self.spans.partition_point(|span| span.start < offset)];
        begun.iter().filter(move |span| offset < span.end).map(|span| span.name)
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }
}

/// Whether a plain name is one of rustc's for what has none of its own.
pub(crate) fn is_closure(name: &[u8]) -> bool {
    name.starts_with(b"{") && !name.starts_with(b"{impl#")
}
