//! What code says for and against the states that were assumed for it.
use iced_x86::Mnemonic;

use super::flow::Flow;
use super::node::{Node, PathEnd};
use super::origins::Origins;
use crate::synthesis::machine::state::RSP;
use crate::synthesis::machine::value::Value;

const AT_RETURN: Value = Value::Cfa(-8);

/// Forgets what followed from assumptions that end in a return with the stack in disorder, or in what is no code. Returns
/// where a function begins behind a call that does not come back.
pub(crate) fn drop_refuted(flow: &mut Flow<'_>) -> Vec<u32> {
    let ends: Vec<Node> = flow.reached.nodes.iter().copied().filter(|node| node.path_end != PathEnd::No).collect();
    let of_verdict = |flow: &Flow<'_>, is_right| -> Vec<u32> {
        ends.iter().filter(|node| verdict(flow, node) == Some(is_right)).map(|node| node.origin).collect()
    };
    of_verdict(flow, true).into_iter().for_each(|origin| flow.origins.confirm(origin));
    let refuted = of_verdict(flow, false);
    refuted.into_iter().for_each(|origin| flow.origins.refute(origin));
    flow.origins.refute_what_follows();
    flow.forget(Origins::is_wrong);
    flow.origins.ended_calls()
}

/// Whether the end of a path speaks for what was assumed; `None` where it says nothing.
fn verdict(flow: &Flow<'_>, node: &Node) -> Option<bool> {
    match (node.path_end, flow.state(node).register(RSP)) {
        (PathEnd::Return, AT_RETURN) => Some(true),
        // What was pushed right before is where it goes, and no return address.
        (PathEnd::Return, Value::Cfa(_)) if is_behind_push(flow, node) => None,
        (PathEnd::Return, Value::Cfa(_)) => Some(false),
        (PathEnd::Invalid, _) => Some(false),
        _ => None,
    }
}

fn is_behind_push(flow: &Flow<'_>, node: &Node) -> bool {
    flow.reached.instruction_before(node.offset).is_some_and(|before| before.mnemonic() == Mnemonic::Push)
}
