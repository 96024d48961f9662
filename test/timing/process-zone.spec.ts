import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileReplica } from '../cluster/cluster.js';

let program: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  program = await compileReplica('test/timing/process-zone.program.ts');
});
afterAll(() => program.remove());

async function nextAtThree(TZ: string | undefined): Promise<string> {
  const env = { ...process.env, TZ };
  const { stdout } = await promisify(execFile)(process.execPath, [program.main], { env });
  return stdout;
}

describe('the zone of the process (Z5)', () => {
  it.each([
    ['', '2027-01-15T03:00:00.000Z'],
    ['UTC', '2027-01-15T03:00:00.000Z'],
    ['Europe/Berlin', '2027-01-15T02:00:00.000Z'],
    ['America/New_York', '2027-01-15T08:00:00.000Z'],
    ['Etc/GMT+5', '2027-01-15T08:00:00.000Z'],
  ])('TZ=%s', async (setting, expected) => expect(await nextAtThree(setting)).toBe(expected));

  it('is the one of the system without TZ', async () =>
    expect(await nextAtThree(undefined)).toMatch(/^2027-01-1\dT\d\d:\d\d:00\.000Z$/));

  it.each([
    ['Foo/Bar', 'which is unknown here'],
    ['GMT+5', 'which is read in two ways'],
  ])('TZ=%s is refused, and the message names TZ', async (setting, fact) => {
    expect(await nextAtThree(setting)).toBe(
      `INVALID_TIMEZONE: The time zone of this process (the environment variable TZ) is "${setting}", ${fact}. ` +
        'Set TZ to an IANA name such as "Europe/Berlin" or "UTC", or give the option "timezone".',
    );
  });
});
