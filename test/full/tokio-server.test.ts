import { test } from 'node:test';
import { assertPerfAgrees } from '../kernel/assert-perf-agreement.js';
import { needsRoot } from '../kernel/needs-root.js';
import { builtTokioServer } from './built-tokio-server.js';

/** How much of a server's time the kernel takes depends on what else the machine does: 3.2 points in three runs. */
const WITHIN_POINTS = 6;

test('a server on tokio: agrees with perf record --call-graph dwarf', needsRoot, () =>
  assertPerfAgrees([builtTokioServer(), '60000'], WITHIN_POINTS),
);
