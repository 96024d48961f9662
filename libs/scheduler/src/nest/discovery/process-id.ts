import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Tells this process's ids from those of others, and from those of its own last life. */
export const PROCESS_ID = randomBytes(4).toString('hex');

/** How this process is named. */
const PROCESS = `${hostname()}-${process.pid}-${PROCESS_ID}`;
let named = 0;

/** The name of an application in events and in shared stores: the process's, numbered from its second application. */
export function nameReplica(): string {
  named++;
  return named === 1 ? PROCESS : `${PROCESS}-${named}`;
}
