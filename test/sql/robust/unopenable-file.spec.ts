import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sqliteStore } from '@carillon/sql';
import { createApp, rejection } from '../../nest/testing-app.js';

/** Root may write everywhere. */
const NOBODY = 65_534;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'carillon-unopenable-'));
  chmodSync(path, 0o777);
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function startError(file: string): Promise<Error & { code: string }> {
  const { app } = await createApp({ options: { store: sqliteStore(file) } });
  if (process.getuid?.() !== 0) return rejection(app.init());
  process.seteuid!(NOBODY);
  try {
    return await rejection(app.init());
  } finally {
    process.seteuid!(0);
  }
}

describe('a SQLite file that cannot be opened', () => {
  it.each<[string, (path: string) => string, RegExp]>([
    [
      'in a folder that does not exist',
      (path) => join(path, 'none', 'jobs.db'),
      /ENOENT: no such file or directory/,
    ],
    [
      'in a read-only folder',
      (path) => {
        mkdirSync(join(path, 'fixed'), { mode: 0o555 });
        return join(path, 'fixed', 'jobs.db');
      },
      /EACCES: permission denied/,
    ],
    [
      'that is read-only',
      (path) => {
        writeFileSync(join(path, 'jobs.db'), '', { mode: 0o444 });
        return join(path, 'jobs.db');
      },
      /EACCES: permission denied/,
    ],
    ['that is a folder', (path) => path, /EISDIR: illegal operation on a directory/],
  ])('ends the start with the true cause: %s', async (_, fileIn, cause) => {
    const file = fileIn(folder());
    const error = await startError(file);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toMatch(cause);
    expect(error.message).toContain(file);
  });
});
