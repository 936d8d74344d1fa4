/** Groups of nodes that reach one another (strongly connected components of more than one), each sorted. */
export function circles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reached = new Map(Array.from(graph.keys(), (node) => [node, reachableFrom(node, graph)]));
  const isTogether = (one: string, other: string) =>
    reached.get(one)!.has(other) && reached.get(other)?.has(one);
  const groups = Array.from(graph.keys(), (node) =>
    Array.from(graph.keys())
      .filter((other) => isTogether(node, other))
      .sort(),
  );
  const distinct = new Map(
    groups.filter(({ length }) => length > 0).map((group) => [group.join(' '), group]),
  );
  return [...distinct.values()];
}

/** By one step or more: a node is among them only when it reaches itself. */
function reachableFrom(start: string, graph: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set<string>();
  const waiting = [...(graph.get(start) ?? [])];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    waiting.push(...(graph.get(node) ?? []));
  }
  return reached;
}
