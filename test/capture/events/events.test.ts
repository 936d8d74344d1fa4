import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_EVENT, EVENTS, parseEvent } from '../../../src/capture/events/events.js';
import { EVENTS as WIRE_EVENTS } from '../../../src/ffi/sampler-messages.js';

test('every event that START can ask for is in the table once', () => {
  assert.deepEqual(EVENTS.map(({ start }) => start).sort(), [...WIRE_EVENTS].sort());
});

test('an event is found by its spelling, whole', () => {
  for (const event of EVENTS) {
    assert.equal(parseEvent(event.spelling), event);
    assert.equal(parseEvent(`${event.spelling}x`), undefined);
    assert.equal(parseEvent(event.spelling.slice(1)), undefined);
  }
  assert.equal(parseEvent(''), undefined);
  assert.ok(EVENTS.includes(DEFAULT_EVENT));
});
