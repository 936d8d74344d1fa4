import { test } from 'node:test';
import { assertPerfAgrees } from '../kernel/oracles/assert-perf-agreement.js';
import { needsRoot } from '../kernel/running/needs-root.js';
import { builtTokioServer } from './built-tokio-server.js';

test('a server on tokio: agrees with perf record --call-graph dwarf', needsRoot, () =>
  assertPerfAgrees([builtTokioServer(), '60000']),
);
