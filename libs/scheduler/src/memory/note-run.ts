import type { AttemptEnd, RunNotes } from '../model/index.js';
import type { RunNote } from '../ports/index.js';
import type { MemoryRun } from './memory-run.js';

/** Log lines kept with a run: the last ones. */
const LINES = 100;
/** Characters kept of a line. */
const LINE_LENGTH = 1_000;

export function noteRun(run: MemoryRun, note: RunNote): void {
  const notes: RunNotes = (run.noted.notes ??= { progress: null, log: [] });
  if (note.kind === 'progress') {
    notes.progress = note.progress;
    return;
  }
  const { level, message, at } = note.line;
  notes.log.push({ level, at, message: message.slice(0, LINE_LENGTH) });
  if (notes.log.length > LINES) notes.log.shift();
}

export function noteAttempt(run: MemoryRun, { result, startedAt, endedAt }: AttemptEnd): void {
  (run.noted.attempts ??= []).push({
    attempt: run.attempt,
    result: result.kind,
    startedAt: new Date(startedAt),
    endedAt: new Date(endedAt),
    error: run.details.error,
  });
}
