import { randomBytes } from 'node:crypto';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const COUNTS = 32 ** 4;

/**
 * Ids that sort by the time they were made at: 10 digits of the instant, 4 of a counter, 12 that differ from process
 * to process. Ids of one process always rise, whatever its clock does.
 */
export class RunIds {
  private readonly process = digits(randomBytes(12));
  private madeAt = 0;
  private count = 0;
  private instant = '';

  /** @param now UTC ms */
  readonly next = (now: number): string => {
    if (now > this.madeAt) this.begin(now);
    else if (++this.count === COUNTS) this.begin(this.madeAt + 1);
    return this.instant + inDigits(this.count, 4) + this.process;
  };

  private begin(at: number): void {
    this.madeAt = at;
    this.count = 0;
    this.instant = inDigits(at, 10);
  }
}

function inDigits(value: number, length: number): string {
  let text = '';
  for (let left = Math.floor(value); text.length < length; left = Math.floor(left / 32))
    text = DIGITS[left % 32] + text;
  return text;
}

function digits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => DIGITS[byte % 32]).join('');
}

/** Ids made at this instant (UTC ms) or later sort at or behind this one. */
export function firstIdOf(at: number): string {
  return inDigits(Math.max(0, at), 10) + '0'.repeat(16);
}
