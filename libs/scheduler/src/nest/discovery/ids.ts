import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Distinguishes the ids of this process from those of others, and of its own earlier lives. */
export const PROCESS_ID = randomBytes(4).toString('hex');

const PROCESS = `${hostname()}-${process.pid}-${PROCESS_ID}`;
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
