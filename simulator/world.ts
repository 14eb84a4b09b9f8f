/** Something that will happen. */
interface Happening {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * The one clock and the one queue of a simulation. Everything that happens in it is an entry here, in order of time and
 * then of making, and all promises settle between two entries: a run is a function of its seed.
 */
export class World {
  now = 0;
  /** Called after each entry. */
  onStep: () => void = () => {};
  steps = 0;
  private made = 0;
  private readonly heap: Happening[] = [];

  /** Returns its cancellation. */
  at(time: number, run: () => void): () => void {
    const happening: Happening = { at: Math.max(time, this.now), order: this.made++, run, cancelled: false };
    this.push(happening);
    return () => {
      happening.cancelled = true;
    };
  }

  in(delayMs: number, run: () => void): () => void {
    return this.at(this.now + delayMs, run);
  }

  async runUntil(end: number): Promise<void> {
    await settle();
    for (;;) {
      const next = this.heap[0];
      if (!next || next.at > end) break;
      this.pop();
      if (next.cancelled) continue;
      this.now = next.at;
      this.steps++;
      next.run();
      await settle();
      this.onStep();
    }
    this.now = end;
  }

  private push(happening: Happening): void {
    const { heap } = this;
    let child = heap.push(happening) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!before(heap[child]!, heap[parent]!)) break;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, heap[parent]!)) break;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      parent = child;
    }
  }
}

const before = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Microtasks are over when an immediate runs. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
