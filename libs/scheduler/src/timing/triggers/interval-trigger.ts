import { formatDuration } from '../time/duration.js';
import { BaseTrigger, type Landmarks } from './base-trigger.js';
import { FIRST_INSTANT_MS, LAST_INSTANT_MS, toIso } from '../time/instant.js';
import { jitterDelay, jitterJson } from './jitter.js';
import type { TickSet } from '../time/tick-set.js';
import { isOnWholeSeconds, type TickGrid } from '../time/tick-grid.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';
import type { AfterSetBack, ClockSetBack, IntervalJson, IntervalMode, TriggerBinding } from './trigger.js';
import { windowEdges, windowJson, type TriggerWindow } from './trigger-window.js';

/** Settings of an interval; triggers with equal settings may share one object. */
export interface IntervalSettings {
  readonly mode: IntervalMode;
  readonly align: 'epoch' | null;
  readonly runOnStart: boolean;
  readonly jitterMs: number;
}

/** One object for all intervals that choose nothing. */
export const DEFAULT_INTERVAL: IntervalSettings = {
  mode: 'rate',
  align: null,
  runOnStart: false,
  jitterMs: 0,
};

/** A job is declared and scheduled in two steps: `runOnStart` holds for this long after its anchor. */
const START_LASTS_MS = 1000;

/**
 * Due at anchor + k · period, k from 1. With `startAt` that instant is the anchor and k starts at 0, so
 * that the first tick is at `startAt` itself; with `runOnStart` k starts at 0 too. With `align` the ticks
 * are whole multiples of the period since 1970. With none of these, ticks count from the instant passed
 * in. In delay mode the first tick is the same, and each next one is a period after the instant passed
 * in: the end of a run.
 */
export class IntervalTrigger extends BaseTrigger {
  readonly #everyMs: number;
  /** Supplied by a job; null while unbound, or when `startAt` or `align` replaces it. */
  readonly #anchorAt: number | null;
  readonly #window: TriggerWindow;
  readonly #settings: IntervalSettings;
  readonly #seed: string | undefined;

  /** `every()` makes it, and checks first. */
  constructor(
    everyMs: number,
    anchorAt: number | null,
    window: TriggerWindow,
    manner: IntervalSettings,
    seed: string | undefined,
  ) {
    super();
    this.#everyMs = everyMs;
    this.#anchorAt = anchorAt;
    this.#window = window;
    this.#settings = manner;
    this.#seed = seed;
  }

  static ofGrid({ firstAt, everyMs, lastAt }: TickGrid): IntervalTrigger {
    return new IntervalTrigger(
      everyMs,
      null,
      { startAt: firstAt, endAt: lastAt },
      DEFAULT_INTERVAL,
      undefined,
    );
  }

  get type(): 'interval' {
    return 'interval';
  }

  get timezone(): undefined {
    return undefined;
  }

  get everyMs(): number {
    return this.#everyMs;
  }

  get mode(): IntervalMode {
    return this.#settings.mode;
  }

  override get waitsForRun(): boolean {
    return this.#settings.mode === 'delay';
  }

  override get jitterMs(): number {
    return this.#settings.jitterMs;
  }

  override get isSettled(): boolean {
    return this.#firstTickAt() !== null;
  }

  override grid(): TickGrid | null {
    const firstAt = this.#firstTickAt();
    if (firstAt === null || this.waitsForRun) return null;
    return { firstAt, everyMs: this.#everyMs, lastAt: this.#window.endAt ?? LAST_INSTANT_MS };
  }

  nextAt(afterAt: number): number | null {
    const firstAt = this.#firstTickAt();
    if (firstAt === null) return this.#within(afterAt + this.#everyMs);
    if (afterAt < firstAt && !this.#isPostponed(afterAt)) return this.#within(firstAt);
    if (this.waitsForRun) return this.#within(afterAt + this.#everyMs);
    return this.#within(firstAt + (Math.floor((afterAt - firstAt) / this.#everyMs) + 1) * this.#everyMs);
  }

  prevAt(beforeAt: number): number | null {
    if (this.waitsForRun) return null;
    const { endAt } = this.#window;
    const firstAt = this.#firstTickAt();
    if (firstAt === null) return this.#within(beforeAt - this.#everyMs);
    const before = Math.min(beforeAt, (endAt ?? LAST_INSTANT_MS) + 1);
    if (before <= firstAt) return null;
    return firstAt + (Math.ceil((before - firstAt) / this.#everyMs) - 1) * this.#everyMs;
  }

  countBetween(fromAt: number, toAt: number): number {
    if (this.waitsForRun) return 0;
    const to = Math.min(toAt, this.#window.endAt ?? LAST_INSTANT_MS);
    const firstAt = this.#firstTickAt();
    if (firstAt === null) return Math.max(0, Math.floor((to - fromAt) / this.#everyMs));
    if (to < firstAt || to < fromAt) return 0;
    const below = fromAt <= firstAt ? 0 : Math.ceil((fromAt - firstAt) / this.#everyMs);
    return Math.max(0, Math.floor((to - firstAt) / this.#everyMs) + 1 - below);
  }

  override firstAt(nowAt: number): number | null {
    if (!this.#settings.runOnStart) return this.nextAt(nowAt);
    const startAt = this.#anchorAt ?? nowAt;
    const lasts = Math.min(START_LASTS_MS, this.#everyMs - 1);
    return nowAt <= startAt + lasts ? this.#within(startAt) : this.nextAt(nowAt);
  }

  override delayAt(tickAt: number): number {
    const { jitterMs } = this.#settings;
    return jitterMs === 0 ? 0 : jitterDelay(jitterMs, this.#seed ?? '', tickAt, this.nextAt(tickAt));
  }

  bind({ anchorAt, jobId }: Partial<TriggerBinding>): IntervalTrigger {
    const anchor = this.#firstTickAt() === null ? (anchorAt ?? null) : this.#anchorAt;
    const seed = this.#settings.jitterMs === 0 ? this.#seed : (this.#seed ?? jobId);
    if (anchor === this.#anchorAt && seed === this.#seed) return this;
    return new IntervalTrigger(this.#everyMs, anchor, this.#window, this.#settings, seed);
  }

  /** In delay mode a wait in progress starts over: only the engine knows when it began. */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<IntervalTrigger> {
    const { nowAt, stepMs, lastTickAt, waitingAt } = step;
    const awaitsStart = this.#settings.runOnStart && lastTickAt === null;
    // The anchor was read from the clock that was set back, so it moves with it; startAt was chosen by
    // the user, so it stays.
    if (this.#anchorAt === null) {
      const waits = this.waitsForRun ? null : this.stillOverdue(step);
      const nextAt = waits ?? (awaitsStart ? this.firstAt(nowAt) : this.nextAt(nowAt));
      return { trigger: this, nextAt, lastTickAt };
    }
    const anchorAt = this.#anchorAt - stepMs;
    const trigger = new IntervalTrigger(this.#everyMs, anchorAt, this.#window, this.#settings, this.#seed);
    const movedLastAt = lastTickAt === null ? null : lastTickAt - stepMs;
    const ownAt = waitingAt === null || this.waitsForRun ? waitingAt : this.nextAt(waitingAt - 1);
    const nextAt = awaitsStart ? trigger.firstAt(nowAt) : trigger.nextAt(nowAt);
    return {
      trigger,
      nextAt: ownAt === null ? nextAt : trigger.#within(ownAt - stepMs),
      lastTickAt: movedLastAt,
    };
  }

  toJSON(): IntervalJson {
    const { mode, align, runOnStart, jitterMs } = this.#settings;
    return {
      type: 'interval',
      everyMs: this.#everyMs,
      ...(mode === 'rate' ? {} : { mode }),
      ...(align === null ? {} : { align }),
      ...(runOnStart ? { runOnStart } : {}),
      ...(this.#anchorAt === null ? {} : { anchorAt: toIso(this.#anchorAt) }),
      ...windowJson(this.#window),
      ...jitterJson(jitterMs, this.#seed),
    };
  }

  toString(): string {
    const { mode, align, runOnStart } = this.#settings;
    const { startAt } = this.#window;
    const parts = [
      `every ${formatDuration(this.#everyMs)}`,
      mode === 'delay' ? ' after a run' : '',
      align === null ? '' : ' by the UTC clock',
      runOnStart ? ', at once first' : '',
      startAt === null ? '' : ` from ${toIso(startAt)}`,
    ];
    return parts.join('');
  }

  override boundAfter(afterAt: number, lattice: Lattice): number | null {
    return this.#isOffLattice(lattice) ? null : this.nextAt(afterAt);
  }

  override boundBefore(beforeAt: number, lattice: Lattice): number | null {
    return this.#isOffLattice(lattice) ? null : this.prevAt(beforeAt);
  }

  override ticksIn(span: TickSpan): TickSet {
    return span.setOfGrid(this, this.grid()!);
  }

  override addLandmarks({ grids, edges }: Landmarks): void {
    const grid = this.grid()!;
    grids.push(grid);
    edges.push(...windowEdges(this.#window));
    if (this.#anchorAt !== null) edges.push(this.#anchorAt);
  }

  /** Whether no tick can lie on a lattice. */
  #isOffLattice({ isWholeSeconds }: Lattice): boolean {
    const grid = this.grid()!;
    if (!isWholeSeconds) return isOnWholeSeconds(grid);
    return grid.everyMs % 1000 === 0 && grid.firstAt % 1000 !== 0;
  }

  /** The tick that all others are counted from; null while unbound. */
  #firstTickAt(): number | null {
    const { startAt } = this.#window;
    if (this.#settings.align !== null) {
      // Adding 0 makes a negative zero an ordinary one.
      return Math.ceil((startAt ?? FIRST_INSTANT_MS) / this.#everyMs) * this.#everyMs + 0;
    }
    if (startAt !== null) return startAt;
    if (this.#anchorAt === null) return null;
    return this.#settings.runOnStart ? this.#anchorAt : this.#anchorAt + this.#everyMs;
  }

  /** Whether a run that ended between the anchor and the first tick postpones that tick. */
  #isPostponed(afterAt: number): boolean {
    return this.waitsForRun && this.#anchorAt !== null && afterAt >= this.#anchorAt;
  }

  #within(at: number): number | null {
    return at < FIRST_INSTANT_MS || at > (this.#window.endAt ?? LAST_INSTANT_MS) ? null : at;
  }
}
