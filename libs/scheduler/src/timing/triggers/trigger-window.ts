import { suggestNames, unknownKeyOf } from '../errors/unknown-key.js';
import { parseInstant, toIso } from '../time/instant.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';

/** A `Date`, or an ISO 8601 string with its zone: `2027-03-28T09:00:00+02:00`. */
export type Instant = Date | string;

/** Ticks outside [startAt, endAt] are dropped (semantics.md T6). */
export interface WindowOptions {
  startAt?: Instant;
  endAt?: Instant;
}

/** WindowOptions as UTC ms; null is open. */
export interface TriggerWindow {
  readonly startAt: number | null;
  readonly endAt: number | null;
}

export const OPEN_WINDOW: TriggerWindow = { startAt: null, endAt: null };

/** @throws InvalidTriggerError when either is no instant, or endAt lies before startAt */
export function triggerWindow(options: WindowOptions): TriggerWindow {
  if (options.startAt === undefined && options.endAt === undefined) return OPEN_WINDOW;
  const startAt = options.startAt === undefined ? null : parseInstant(options.startAt, 'startAt');
  const endAt = options.endAt === undefined ? null : parseInstant(options.endAt, 'endAt');
  if (startAt !== null && endAt !== null && endAt < startAt) {
    const remedy = `Give an instant at or after startAt (${toIso(startAt)}).`;
    throw new InvalidTriggerError('endAt', options.endAt, 'which is before startAt', remedy);
  }
  return { startAt, endAt };
}

export function windowJson({ startAt, endAt }: TriggerWindow): { startAt?: string; endAt?: string } {
  return {
    ...(startAt === null ? {} : { startAt: toIso(startAt) }),
    ...(endAt === null ? {} : { endAt: toIso(endAt) }),
  };
}

/** The instants at which a window opens and closes. */
export function windowEdges({ startAt, endAt }: TriggerWindow): number[] {
  return [startAt, endAt].filter((at) => at !== null);
}

/** A misspelt option would otherwise be ignored without a word. @throws InvalidTriggerError */
export function refuseUnknownKeys(given: object, known: readonly string[], subject: string): void {
  const key = unknownKeyOf(given, known);
  if (key === null) return;
  throw new InvalidTriggerError(
    key,
    (given as Record<string, unknown>)[key],
    `which is no option of ${subject}`,
    suggestNames(key, known, 'The options are listed in docs/options.md.'),
  );
}
