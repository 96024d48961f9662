import { BareRule } from './bare-rule.js';
import { exceptFrom, type ExceptTrigger } from '../combine/except-trigger.js';
import type { ExceptedDate, ExceptOptions, Trigger } from './trigger.js';

/** What all triggers but the one that `except` gives extend. */
export abstract class DueRule extends BareRule {
  except(excluded: Trigger | readonly ExceptedDate[], options?: ExceptOptions): ExceptTrigger {
    return exceptFrom(this, excluded, options);
  }
}
