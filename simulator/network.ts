import type { Random } from '#stdx';
import type { World } from './world.ts';

/** How often a cut wire is tried again by what waits at its end. */
const RETRANSMIT_MS = 200;

/** Wires between named machines. A cut one holds what is sent until it is whole again. */
export class Network {
  private readonly cuts = new Map<string, number>();
  /** Everything takes so many times as long. */
  slowness = 1;

  constructor(
    private readonly world: World,
    private readonly random: Random,
  ) {}

  /** One way only. Cuts add up; each is mended on its own. */
  cut(from: string, to: string): void {
    const wire = `${from}>${to}`;
    this.cuts.set(wire, (this.cuts.get(wire) ?? 0) + 1);
  }

  mend(from: string, to: string): void {
    const wire = `${from}>${to}`;
    const left = (this.cuts.get(wire) ?? 1) - 1;
    if (left <= 0) this.cuts.delete(wire);
    else this.cuts.set(wire, left);
  }

  mendAll(): void {
    this.cuts.clear();
    this.slowness = 1;
  }

  open(from: string, to: string): boolean {
    return !this.cuts.has(`${from}>${to}`);
  }

  /** Milliseconds one way: a local network with an occasional hiccup. */
  latency(): number {
    const usual = 0.1 + this.random.fraction();
    return (this.random.fraction() < 0.01 ? usual + this.random.fraction() * 100 : usual) * this.slowness;
  }

  /** Runs when the bytes arrive: at `time`, or once the wire is whole. */
  carry(from: string, to: string, time: number, run: () => void): void {
    this.world.at(time, () => {
      if (this.open(from, to)) run();
      else this.carry(from, to, this.world.now + RETRANSMIT_MS, run);
    });
  }
}
