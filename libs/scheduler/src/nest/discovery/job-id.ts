import { InvalidOptionsError } from '../../model/index.js';
import { PROCESS_ID } from './process-id.js';

const LONGEST_ID = 255;
/** Control characters, and halves of surrogate pairs: databases refuse them or make others of them. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;
let generated = 0;

/** @throws InvalidOptionsError unless it is a text of 1 to 255 characters without control characters and halves of surrogate pairs */
export function checkJobId(id: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ID && !UNFIT.test(id)) return id;
  throw new InvalidOptionsError(
    'id',
    id,
    `Give a text of 1 to ${LONGEST_ID} characters without control characters and halves of surrogate pairs.`,
  );
}

/** An id that no other job has, in this process or another. */
export function generateJobId(): string {
  return `job-${PROCESS_ID}-${(++generated).toString(36)}`;
}
