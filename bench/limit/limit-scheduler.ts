import { DueHeap } from './due-heap.js';

const LONGEST_SLEEP_MS = 1_000;
const SLICE_MS = 10;

interface Rule {
  nextAt(afterAt: number): number;
}

/** One heap, one timer, slices of 10 ms, and nothing else: no runs, no history, no errors, no events. */
export class LimitScheduler {
  private readonly heap = new DueHeap();
  private readonly slots = new Map<string, number>();
  private readonly rules: Rule[] = [];
  private readonly handlers: (() => unknown)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private wakesAt = Infinity;

  /** `steered`: no timer is armed, `pass` is called by hand. */
  constructor(
    private readonly now: () => number = Date.now,
    private readonly steered = false,
  ) {}

  add(id: string, rule: Rule, handler: () => unknown): void {
    const slot = this.rules.push(rule) - 1;
    this.handlers.push(handler);
    this.slots.set(id, slot);
    this.heap.add(slot, rule.nextAt(this.now()));
    this.arm();
  }

  remove(id: string): void {
    this.heap.remove(this.slots.get(id)!);
    this.slots.delete(id);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  readonly pass = (): void => {
    const now = this.now();
    const sliceEnd = performance.now() + SLICE_MS;
    for (let passed = 1; this.heap.earliest() <= now; passed++) {
      const slot = this.heap.earliestSlot();
      this.heap.postponeEarliest(this.rules[slot]!.nextAt(now));
      this.handlers[slot]!();
      if ((passed & 15) === 0 && !this.steered && performance.now() > sliceEnd) {
        setImmediate(this.pass);
        return;
      }
    }
    this.wakesAt = Infinity;
    this.arm();
  };

  private arm(): void {
    const earliest = this.heap.earliest();
    if (this.steered || earliest >= this.wakesAt) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.pass, Math.min(LONGEST_SLEEP_MS, Math.max(0, earliest - this.now())));
    this.wakesAt = earliest;
  }
}
