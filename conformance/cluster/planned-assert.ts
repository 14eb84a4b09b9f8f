import assert from 'node:assert/strict';
import type { PlannedReport } from './planned.ts';

/** Nobody was disconnected, nothing was refused, and all that was acknowledged is there once. */
export function assertUnnoticed({ sessions, disconnected, acknowledged, refused, ...rest }: PlannedReport): void {
  assert.deepEqual({ disconnected, refused }, { disconnected: 0, refused: 0 }, `of ${sessions} sessions`);
  assert.ok(acknowledged > 20, `only ${acknowledged} messages were acknowledged`);
  assert.deepEqual([rest.missing, rest.altered, rest.doubled], [[], [], []]);
}
