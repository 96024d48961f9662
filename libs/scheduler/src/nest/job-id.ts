import { InvalidOptionsError } from '../model/index.js';
import { PROCESS_ID } from './process-id.js';

const LONGEST_ID = 255;
const CONTROL_CHARACTER = /\p{Cc}/u;
let generated = 0;

/** @throws InvalidOptionsError unless it is a text of 1 to 255 characters without control characters */
export function checkJobId(id: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ID && !CONTROL_CHARACTER.test(id))
    return id;
  throw new InvalidOptionsError(
    'id',
    id,
    `Give a text of 1 to ${LONGEST_ID} characters without control characters.`,
  );
}

/** An id that no other job has, in this process or another. */
export function generateJobId(): string {
  return `job-${PROCESS_ID}-${(++generated).toString(36)}`;
}
