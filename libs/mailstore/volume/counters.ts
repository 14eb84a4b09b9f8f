import { present } from '#stdx';
import type { IndexDb } from './index-db.ts';

const NAMES = ['account', 'queue', 'usage', 'textBlock'] as const;
export type CounterName = (typeof NAMES)[number];

/** Numbers given out once and never again, on the volume as a whole. Saved with the transaction that used them. */
export class Counters {
  private readonly values = new Map<CounterName, number>();
  private readonly changed = new Set<CounterName>();

  constructor(private readonly index: IndexDb) {
    for (const name of NAMES) {
      const row = index.get<{ value: number }>('SELECT value FROM counter WHERE name = ?', name);
      this.values.set(name, row?.value ?? 0);
    }
  }

  next(name: CounterName): number {
    const value = present(this.values.get(name), name) + 1;
    this.values.set(name, value);
    this.changed.add(name);
    return value;
  }

  save(): void {
    for (const name of this.changed) {
      this.index.run(
        'INSERT INTO counter (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2',
        ...[name, present(this.values.get(name), name)],
      );
    }
    // A transaction that fails after this leaves a gap, not a second use: the next save writes the higher number.
    this.changed.clear();
  }
}
