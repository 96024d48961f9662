import type { KeptLogLine } from '../model/index.js';
import { clip } from '../timing/index.js';

/** Log lines kept with a run: the last ones. */
const MAX_LINES = 100;
/** Characters kept of a line, with the mark of a cut. */
const MAX_LINE_LENGTH = 1_000;

/** Adds a line that a handler wrote to those that are kept with its run. */
export function keepLine(log: KeptLogLine[], { level, message, at }: KeptLogLine): void {
  log.push({
    level,
    at,
    message: message.length > MAX_LINE_LENGTH ? clip(message, MAX_LINE_LENGTH - 1) : message,
  });
  if (log.length > MAX_LINES) log.shift();
}
