import { accountMovesContract } from '#cluster/contract';
import { SimulatedClock } from '#testing';
import { MemoryAccountMoves, type MemoryPlacement } from './memory-account-moves.ts';

accountMovesContract('MemoryAccountMoves', async () => {
  const placements = new Map<string, MemoryPlacement>([['a', { email: 'a@example', volumeId: 'one' }]]);
  const leads = async (epoch: number): Promise<boolean> => epoch === 3;
  const volumes = new Set(['one', 'two']);
  return {
    moves: new MemoryAccountMoves('cluster', placements, volumes, leads, new SimulatedClock()),
    accountId: 'a',
    volumes: ['one', 'two'],
    leaderEpoch: 3,
    home: async () => placements.get('a')?.volumeId,
    async deleteAccount() {
      placements.delete('a');
    },
    [Symbol.asyncDispose]: async () => {},
  };
});
