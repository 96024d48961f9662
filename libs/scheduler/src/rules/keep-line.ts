import type { KeptLogLine } from '../model/index.js';

/** Log lines kept with a run: the last ones. */
const LINES = 100;
/** Characters kept of a line. */
const LINE_LENGTH = 1_000;

/** Adds what a handler wrote to the lines that are kept with its run. */
export function keepLine(log: KeptLogLine[], { level, message, at }: KeptLogLine): void {
  log.push({ level, at, message: message.slice(0, LINE_LENGTH) });
  if (log.length > LINES) log.shift();
}
