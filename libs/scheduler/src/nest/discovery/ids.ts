import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { InvalidOptionsError } from '../../model/index.js';

/** Distinguishes the ids of this process from those of others, and of its own earlier lives. */
export const PROCESS_ID = randomBytes(4).toString('hex');

const PROCESS = `${hostname()}-${process.pid}-${PROCESS_ID}`;
const LONGEST_ID = 255;
/** Control characters and lone surrogates: databases refuse or alter them. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;
let generatedIds = 0;
let namedReplicas = 0;

/** The name of an application in events and shared stores: the process's, numbered from its second application. */
export function nameReplica(): string {
  namedReplicas++;
  return namedReplicas === 1 ? PROCESS : `${PROCESS}-${namedReplicas}`;
}

/** Returns an id that no other job has, in this process or another. */
export function generateJobId(): string {
  return `job-${PROCESS_ID}-${(++generatedIds).toString(36)}`;
}

/** @throws InvalidOptionsError unless it is a string of 1 to 255 characters without control characters and lone surrogates */
export function checkJobId(id: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ID && !UNFIT.test(id)) return id;
  throw new InvalidOptionsError(
    'id',
    id,
    `Give a string of 1 to ${LONGEST_ID} characters without control characters and lone surrogates.`,
  );
}
