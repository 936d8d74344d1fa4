use super::gaps::padding::padding_length;
use super::machine::rule_of_state::rule_of;
use super::paths::flow::Flow;
use super::paths::node::Node;
use crate::rows::region::RuleRange;

/// The rules of all reached instructions, in address order; padding belongs to the instruction before it.
pub(crate) fn rule_ranges(flow: &Flow<'_>, address: u64) -> Vec<RuleRange> {
    let nodes = ordered_nodes(flow);
    let mut rules = vec![None; flow.states.len()];
    let mut ranges: Vec<RuleRange> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let rule = *rules[node.state as usize].get_or_insert_with(|| rule_of(flow.state(node)));
        let next = nodes.get(index + 1).map_or(flow.reached.code.len(), |next| next.offset as usize);
        let end = end_of(flow, node, next);
        let (start, end) = (address + u64::from(node.offset), address + end as u64);
        match ranges.last_mut().filter(|last| last.end == start && last.rule == rule) {
            Some(last) => last.end = end,
            None => ranges.push(RuleRange { start, end, rule }),
        }
    }
    ranges
}

/// Without those that begin inside of a more trusted instruction: what led there was no code.
fn ordered_nodes<'flow>(flow: &'flow Flow<'_>) -> Vec<&'flow Node> {
    let mut nodes: Vec<&Node> = flow.reached.nodes.iter().collect();
    nodes.sort_unstable_by_key(|node| node.offset);
    let mut last: Option<&Node> = None;
    nodes.retain(|node| {
        let is_inside = last.is_some_and(|last| node.trust < last.trust && node.offset < last.end());
        if !is_inside {
            last = Some(node);
        }
        !is_inside
    });
    nodes
}

/// Where the instruction ends, with the padding behind it when nothing else follows before `next`.
fn end_of(flow: &Flow<'_>, node: &Node, next: usize) -> usize {
    let end = (node.end() as usize).min(next);
    match flow.reached.code.get(end..next) {
        Some(rest) if padding_length(rest) == rest.len() => next,
        _ => end,
    }
}
