import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Tells this process's ids from those of others, and from those of its own last life. */
export const PROCESS_ID = randomBytes(4).toString('hex');

/** How this process is named in events. */
export const REPLICA = `${hostname()}-${process.pid}-${PROCESS_ID}`;
