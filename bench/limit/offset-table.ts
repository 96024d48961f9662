const FROM_S = Date.UTC(2023, 0, 1) / 1_000;
const UNTIL_S = Date.UTC(2045, 0, 1) / 1_000;
const WEEK_S = 7 * 86_400;

/** A zone's changes of offset from 2023 to 2044, read from Intl once. All in seconds. */
export class OffsetTable {
  /** The stretch last asked about: its bounds and offset. */
  private start = Infinity;
  end = -Infinity;
  private offset = 0;

  constructor(
    private readonly changes: readonly number[],
    private readonly offsets: readonly number[],
  ) {}

  /** What to add to UTC; `end` is then when that changes. */
  at(instant: number): number {
    if (instant < this.start || instant >= this.end) {
      const index = this.changes.findLastIndex((change) => change <= instant);
      this.start = this.changes[index]!;
      this.end = this.changes[index + 1] ?? Infinity;
      this.offset = this.offsets[index]!;
    }
    return this.offset;
  }
}

const tables = new Map<string, OffsetTable>();

export function offsetTable(timezone: string): OffsetTable {
  let table = tables.get(timezone);
  if (!table) tables.set(timezone, (table = readTable(timezone)));
  return table;
}

function readTable(timezone: string): OffsetTable {
  const offsetAt = offsetReader(timezone);
  const changes = [-Infinity];
  const offsets = [offsetAt(FROM_S)];
  for (let week = FROM_S; week < UNTIL_S; week += WEEK_S) {
    if (offsetAt(week + WEEK_S) === offsets.at(-1)) continue;
    let [same, changed] = [week, week + WEEK_S];
    while (changed - same > 60) {
      const middle = same + Math.floor((changed - same) / 120) * 60;
      if (offsetAt(middle) === offsets.at(-1)) same = middle;
      else changed = middle;
    }
    changes.push(changed);
    offsets.push(offsetAt(changed));
  }
  return new OffsetTable(changes, offsets);
}

function offsetReader(timeZone: string): (at: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (at) => {
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(format.format(at * 1_000))!;
    return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60;
  };
}
