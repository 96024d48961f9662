import type { KeptLogLine } from '../model/index.js';

/** Log lines kept with a run: the last ones. */
const MAX_LINES = 100;
/** Characters kept of a line. */
const MAX_LINE_LENGTH = 1_000;

/** Adds a line that a handler wrote to those that are kept with its run. */
export function keepLine(log: KeptLogLine[], { level, message, at }: KeptLogLine): void {
  log.push({ level, at, message: message.length > MAX_LINE_LENGTH ? cut(message) : message });
  if (log.length > MAX_LINES) log.shift();
}

/** Never inside a surrogate pair. */
function cut(message: string): string {
  return message.slice(0, MAX_LINE_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
