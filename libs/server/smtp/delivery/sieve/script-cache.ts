import { LRUCache } from 'lru-cache';
import type { MailStore, StoredScript } from '#mailstore/api';
import { type CompiledSieve, compileSieveBytes, type SieveLimits } from '#protocol/sieve';

/** Scripts compiled, by what they are: one that changes has another modSeq, on another owner's volume another epoch. */
export class ScriptCache {
  private readonly compiled: LRUCache<string, CompiledSieve>;

  constructor(
    private readonly limits: SieveLimits,
    compiledBytesMax: number,
  ) {
    this.compiled = new LRUCache({ maxSize: compiledBytesMax });
  }

  compile({ volumeId, epoch }: MailStore, accountId: string, script: StoredScript): CompiledSieve {
    const key = `${volumeId} ${epoch} ${accountId} ${script.modSeq}`;
    const known = this.compiled.get(key);
    if (known) return known;
    const compiled = compileSieveBytes(script.content, this.limits);
    this.compiled.set(key, compiled, { size: script.bytes + key.length });
    return compiled;
  }
}
