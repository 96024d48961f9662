import type { Completion, RunNotes } from '../model/index.js';
import { keepLine } from '../rules/index.js';
import type { RunNote } from '../ports/index.js';
import type { MemoryRun } from './memory-run.js';

export function noteRun(run: MemoryRun, note: RunNote): void {
  const notes: RunNotes = (run.noted.notes ??= { progress: null, log: [] });
  if (note.kind === 'progress') {
    notes.progress = note.progress;
    return;
  }
  keepLine(notes.log, note.line);
}

export function noteAttempt(run: MemoryRun, { result, startedAt, endedAt }: Completion): void {
  (run.noted.attempts ??= []).push({
    attempt: run.attempt,
    result: result.kind,
    startedAt: new Date(startedAt),
    endedAt: new Date(endedAt),
    error: run.details.error,
  });
}
