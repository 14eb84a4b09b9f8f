import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { soak } from './soak/soak.ts';

describe('sessions at once on one mailbox', () => {
  for (const [sessions, seed] of [
    [2, 1],
    [4, 2],
    [20, 3],
  ] as const)
    it(`${sessions} believe what is true, seed ${seed}`, async () => {
      const goesOn = (rounds: number): boolean => rounds < 8;
      const { rounds, commands, messagesSeen } = await soak({ sessions, seed, goesOn, commandsARound: 12 });
      assert.equal(rounds, 8);
      assert.ok(commands >= sessions * 8 * 12 && messagesSeen > 0);
    });
});
