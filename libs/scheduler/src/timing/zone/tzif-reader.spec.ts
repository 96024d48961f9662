import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RuntimeReader } from './offset-reader.js';
import { posixRuleOf } from './posix-rule.js';
import { compiled } from '../../../../../test/timing/compiled-zone.js';
import { TzifReader } from './tzif-reader.js';

const YEAR = 365.2425 * 86_400;

function second(iso: string): number {
  return Date.parse(iso) / 1000;
}

function shown(changes: readonly { at: number; offset: number }[]): string[] {
  return changes.map(({ at, offset }) => `${new Date(at * 1000).toISOString().slice(0, 16)} ${offset}`);
}

describe('a compiled file', () => {
  const file = compiled(
    [3208, 3600, 7200],
    [
      [-2_422_054_408, 1],
      [second('2020-03-29T01:00:00Z'), 2],
      [second('2020-10-25T01:00:00Z'), 1],
    ],
    'CET-1CEST,M3.5.0,M10.5.0/3',
  );

  it('has the offsets of its transitions, and of the rule after the last', () => {
    const reader = new TzifReader(file);
    const offsets = [
      '1800-01-01',
      '1900-01-01',
      '2020-07-01',
      '2020-12-01',
      '2027-07-01',
      '9000-01-01',
      '9000-07-01',
    ];
    expect(offsets.map((day) => reader.offsetAt(second(day)))).toEqual([
      3208, 3600, 7200, 3600, 7200, 3600, 7200,
    ]);
  });

  it('has the changes of both, without gap or repeat at the seam', () => {
    const reader = new TzifReader(file);
    expect(shown(reader.changesBetween(second('2020-01-01'), second('2022-01-01')))).toEqual([
      '2020-03-29T01:00 7200',
      '2020-10-25T01:00 3600',
      '2021-03-28T01:00 7200',
      '2021-10-31T01:00 3600',
    ]);
    expect(reader.changesBetween(second('2020-03-29T01:00:00Z'), second('2020-10-25T01:00:00Z'))).toEqual([]);
  });

  it('of the first version has 32-bit data and no rule', () => {
    const reader = new TzifReader(compiled([0, 3600], [[1_000_000_000, 1]], null));
    expect([0, 999_999_999, 1_000_000_000, 9e9].map((at) => reader.offsetAt(at))).toEqual([0, 0, 3600, 3600]);
  });

  it('drops transitions that change no offset', () => {
    const reader = new TzifReader(
      compiled(
        [3600, 3600],
        [
          [5, 1],
          [9, 0],
        ],
        'CET-1',
      ),
    );
    expect(reader.changesBetween(-10, 1e9)).toEqual([]);
  });

  it('is nothing else', () => {
    expect(() => new TzifReader(Buffer.from('# version 2025b'))).toThrow(RangeError);
    expect(() => new TzifReader(Buffer.alloc(100))).toThrow(RangeError);
  });
});

describe('a POSIX rule', () => {
  const [from, to] = [second('2027-01-01'), second('2028-01-01')];

  it.each<[string, string[]]>([
    ['CET-1CEST,M3.5.0,M10.5.0/3', ['2027-03-28T01:00 7200', '2027-10-31T01:00 3600']],
    ['EST5EDT,M3.2.0,M11.1.0', ['2027-03-14T07:00 -14400', '2027-11-07T06:00 -18000']],
    ['EST5EDT', ['2027-03-14T07:00 -14400', '2027-11-07T06:00 -18000']],
    // Summer at the turn of the year.
    ['AEST-10AEDT,M10.1.0,M4.1.0/3', ['2027-04-03T16:00 36000', '2027-10-02T16:00 39600']],
    // Half an hour only.
    ['<+1030>-10:30<+11>-11,M10.1.0,M4.1.0', ['2027-04-03T15:00 37800', '2027-10-02T15:30 39600']],
    // Winter is the exception in Ireland.
    ['IST-1GMT0,M10.5.0,M3.5.0/1', ['2027-03-28T01:00 3600', '2027-10-31T01:00 0']],
    // Before midnight of the day, and beyond it.
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', ['2027-03-28T01:00 -3600', '2027-10-31T01:00 -7200']],
    ['EET-2EEST,M3.4.4/50,M10.4.4/50', ['2027-03-27T00:00 10800', '2027-10-29T23:00 7200']],
    ['XXX3YYY,J60/0,J300', ['2027-03-01T03:00 -7200', '2027-10-27T04:00 -10800']],
    ['XXX3YYY,59/0,299', ['2027-03-01T03:00 -7200', '2027-10-27T04:00 -10800']],
    // All year round.
    ['XXX3EDT4,0/0,J365/23', []],
    ['<+0530>-5:30', []],
    ['', []],
  ])('%s', (text, changes) => {
    expect(shown(posixRuleOf(text)?.changesBetween(from, to) ?? [])).toEqual(changes);
  });

  it('counts no leap day with J', () => {
    const changes = posixRuleOf('XXX3YYY,J60/0,60/0')!.changesBetween(
      second('2028-01-01'),
      second('2028-06-01'),
    );
    expect(shown(changes)).toEqual(['2028-03-01T03:00 -7200']);
  });
});

const ZONES = [
  'America/New_York',
  'Europe/Dublin',
  'Australia/Lord_Howe',
  'Asia/Tehran',
  'America/Nuuk',
  'Asia/Kathmandu',
];

function systemFile(name: string): Uint8Array | null {
  try {
    return readFileSync(`/usr/share/zoneinfo/${name}`);
  } catch {
    return null;
  }
}

describe.skipIf(systemFile('Etc/UTC') === null)("the system's files", () => {
  it.each(ZONES)('agree with the runtime on %s from 1975 to 2030, and far on', (name) => {
    const [system, runtime] = [new TzifReader(systemFile(name)!), new RuntimeReader(name)];
    for (const [from, years] of [
      [5 * YEAR, 55],
      [120 * YEAR, 5],
      [500 * YEAR, 5],
    ] as const) {
      const to = from + years * YEAR;
      expect(system.changesBetween(from, to)).toEqual(runtime.changesBetween(from, to));
      for (let at = from; at < to; at += YEAR / 7) expect(system.offsetAt(at)).toBe(runtime.offsetAt(at));
    }
  });
});
