import { SchedulerError } from './scheduler-error.js';

/** Where in a cron expression the impossible part stands; all null for other triggers. */
export interface NeverFiresPlace {
  expression: string | null;
  field: string | null;
  text: string | null;
  /** 0-based offset of `text` in `expression`; null when the expression came as fields. */
  position: number | null;
  expected: string | null;
}

const NOWHERE: NeverFiresPlace = {
  expression: null,
  field: null,
  text: null,
  position: null,
  expected: null,
};

/** A trigger that is well formed and can never be due. */
export class NeverFiresError extends SchedulerError {
  readonly code = 'NEVER_FIRES';
  readonly statusCode = 422;
  readonly reason = 'NEVER_FIRES';
  readonly expression: string | null;
  readonly field: string | null;
  readonly text: string | null;
  readonly position: number | null;
  readonly expected: string | null;

  constructor(fact: string, remedy: string, place: NeverFiresPlace = NOWHERE) {
    super(`${fact} ${remedy}`);
    this.expression = place.expression;
    this.field = place.field;
    this.text = place.text;
    this.position = place.position;
    this.expected = place.expected;
  }
}
