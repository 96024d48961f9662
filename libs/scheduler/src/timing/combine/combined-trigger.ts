import { BaseTrigger } from '../triggers/base-trigger.js';
import { commonTimezone, COUNTS_UP_TO } from './combination.js';

/** What any-of and all-of have in common: several triggers, of which each has its say. */
export abstract class CombinedTrigger extends BaseTrigger {
  constructor(protected readonly parts: readonly BaseTrigger[]) {
    super();
  }

  get timezone(): string | null | undefined {
    return commonTimezone(this.parts);
  }

  override get countsUpTo(): number {
    return COUNTS_UP_TO;
  }

  override get isSettled(): boolean {
    return this.parts.every((part) => part.isSettled);
  }

  override get size(): number {
    return this.parts.reduce((sum, part) => sum + part.size, 0);
  }
}
