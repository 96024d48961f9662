import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiled } from '../../../../../test/timing/compiled-zone.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cron, isNewerZoneinfo, useZoneinfo, zoneinfoVersion, zonesThatDiffer } from '../index.js';

const NOW = Date.UTC(2027, 0, 1);
const RUNTIME = process.versions.tz;

let folder: string;
const { TZDIR } = process.env;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carillon-zoneinfo-'));
  zoneFile('Etc/UTC', [0], 'UTC0');
  // Berlin stays on summer time.
  zoneFile('Europe/Berlin', [7200], 'CEST-2');
  process.env['TZDIR'] = folder;
});

afterEach(() => {
  if (TZDIR === undefined) delete process.env['TZDIR'];
  else process.env['TZDIR'] = TZDIR;
  useZoneinfo('runtime');
  rmSync(folder, { recursive: true });
});

function zoneFile(name: string, types: number[], footer: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), compiled(types, [], footer));
}

function writeVersion(text: string, file = 'tzdata.zi'): void {
  writeFileSync(join(folder, file), text);
}

/** The hour in UTC of nine o'clock in Berlin, in winter. */
function nine(): number {
  return cron('0 9 * * *', { timezone: 'Europe/Berlin' }).next(new Date(NOW))!.getUTCHours();
}

describe('auto', () => {
  it("takes the system's files when they are newer than the runtime's", () => {
    writeVersion('# version 2999a\n# This file is in the public domain.\n');
    useZoneinfo('auto');
    expect([nine(), zoneinfoVersion()]).toEqual([7, '2999a']);
  });

  it('also where they name their version in +VERSION', () => {
    writeVersion('2999za\n', '+VERSION');
    useZoneinfo('auto');
    expect([nine(), zoneinfoVersion()]).toEqual([7, '2999za']);
  });

  it.each(['# version 2001a\n', `# version ${RUNTIME}\n`, 'no version\n'])(
    'takes the runtime before %j',
    (text) => {
      writeVersion(text);
      useZoneinfo('auto');
      expect([nine(), zoneinfoVersion()]).toEqual([8, RUNTIME]);
    },
  );

  it('takes the runtime where no files name their version', () => {
    useZoneinfo('auto');
    expect([nine(), zoneinfoVersion()]).toEqual([8, RUNTIME]);
  });
});

describe('a choice', () => {
  it('of the system takes its files, whatever their version', () => {
    useZoneinfo('system');
    expect([nine(), zoneinfoVersion()]).toEqual([7, 'unknown']);
    writeVersion('# version 2001a\n');
    useZoneinfo('system');
    expect([nine(), zoneinfoVersion()]).toEqual([7, '2001a']);
  });

  it('of the runtime takes no files', () => {
    writeVersion('# version 2999a\n');
    useZoneinfo('runtime');
    expect([nine(), zoneinfoVersion()]).toEqual([8, RUNTIME]);
  });

  it('of a path takes the files there, and the runtime for zones that are not among them', () => {
    delete process.env['TZDIR'];
    useZoneinfo(folder);
    expect(nine()).toBe(7);
    const tokyo = cron('0 9 * * *', { timezone: 'Asia/Tokyo' });
    expect(tokyo.next(new Date(NOW))!.getUTCHours()).toBe(0);
  });

  it('holds for triggers that were there before', () => {
    const trigger = cron('0 9 * * *', { timezone: 'Europe/Berlin' });
    expect(trigger.next(new Date(NOW))!.getUTCHours()).toBe(8);
    useZoneinfo(folder);
    expect(trigger.next(new Date(NOW))!.getUTCHours()).toBe(7);
  });

  it('leaves out zones that the new source lacks; triggers in them keep their rules', () => {
    zoneFile('Mars/Olympus', [18_000], 'MST-5');
    useZoneinfo(folder);
    const trigger = cron('0 9 * * *', { timezone: 'Mars/Olympus' });
    const later = cron('0 9 * * *', { timezone: 'Europe/Berlin' });
    useZoneinfo('runtime');
    expect([trigger, later].map((one) => one.next(new Date(NOW))!.getUTCHours())).toEqual([4, 8]);
    expect(() => cron('0 9 * * *', { timezone: 'Mars/Olympus' })).toThrow(/unknown/);
  });

  it('finds names in any case, and never leaves its folder', () => {
    useZoneinfo(folder);
    const trigger = cron('0 9 * * *', { timezone: 'europe/berlin' });
    expect(trigger.next(new Date(NOW))!.getUTCHours()).toBe(7);
    zoneFile('right/Europe/Berlin', [7227], 'CEST-2');
    for (const timezone of [
      '../Europe/Berlin',
      'Europe/../Europe/Berlin',
      'right/Europe/Berlin',
      'tzdata.zi',
      'Europe',
    ])
      expect(() => cron('0 9 * * *', { timezone })).toThrow(/unknown/);
  });

  it.each([
    ['/nowhere', /no compiled zone files/],
    ['', /no choice/],
    ['sytem', /no choice/],
    ['zoneinfo', /no choice/],
    [5, /no choice/],
  ])('of %o is refused', (choice, message) => {
    expect(() => useZoneinfo(choice as string)).toThrow(
      expect.objectContaining({
        code: 'INVALID_TIMEZONE',
        value: choice,
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
    expect(nine()).toBe(8);
  });
});

describe('zonesThatDiffer', () => {
  it('names those of the given zones that the other source has otherwise', () => {
    zoneFile('Asia/Tokyo', [32_400], 'JST-9');
    for (const choice of [folder, 'runtime']) {
      useZoneinfo(choice);
      expect(zonesThatDiffer(['Europe/Berlin', 'Asia/Tokyo', 'UTC', '+02:00'], NOW)).toEqual([
        'Europe/Berlin',
      ]);
    }
  });
});

describe('isNewerZoneinfo', () => {
  it.each([
    ['2026c', '2026b', true],
    ['2026b', '2026c', false],
    ['2026b', '2026b', false],
    ['2027a', '2026f', true],
    ['2026za', '2026z', true],
    ['2026z', '2026za', false],
    ['2026a', 'unknown', true],
    ['unknown', '2026a', false],
    ['unknown', 'unknown', false],
    ['unknown', '', false],
    ['', '2026a', false],
  ])('%s than %s: %s', (version, than, expected) => expect(isNewerZoneinfo(version, than)).toBe(expected));
});
