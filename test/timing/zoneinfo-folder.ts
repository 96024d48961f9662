import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { compiled } from './compiled-zone.js';

/** Fixed offsets, hours east of UTC, by zone. */
export type Offsets = Readonly<Record<string, number>>;

/**
 * Makes a folder of compiled zone files, removed when the test ends.
 *
 * @param version in `tzdata.zi`; null for files that do not name theirs
 * @returns its path
 */
export function zoneinfoFolder(version: string | null, offsets: Offsets): string {
  const folder = emptyFolder();
  for (const [zone, hours] of Object.entries({ 'Etc/UTC': 0, ...offsets })) {
    mkdirSync(join(folder, dirname(zone)), { recursive: true });
    writeFileSync(join(folder, zone), compiled([hours * 3600], [], `<X>${-hours}`));
  }
  if (version !== null) writeFileSync(join(folder, 'tzdata.zi'), `# version ${version}\n`);
  return folder;
}

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-zoneinfo-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Makes a folder that of the system's zone files, until the test ends. */
export function asSystem(folder: string): string {
  const { TZDIR } = process.env;
  process.env['TZDIR'] = folder;
  onTestFinished(() => {
    if (TZDIR === undefined) delete process.env['TZDIR'];
    else process.env['TZDIR'] = TZDIR;
  });
  return folder;
}
