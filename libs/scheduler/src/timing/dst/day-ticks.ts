import { nextBit } from '../time/bits.js';
import type { CompiledCron } from '../cron/compiled-cron.js';
import { DAY_SECONDS } from '../time/civil-calendar.js';
import { TickSet } from '../time/tick-set.js';
import type { TickSpan } from '../time/tick-span.js';
import type { Zone } from '../zone/zone.js';
import { RUNS_FIRST_PASS_ONLY } from './offset-policy.js';
import { isMadeUpAtStart } from './tick-search.js';

/** Keys of cached sets are whole numbers from 0; offsets are less than a day. */
const LARGEST_OFFSET = DAY_SECONDS;

/** The ticks of a UTC day, which is the span; `policy` holds the bits of offset-policy.ts. */
export function ticksOfDay(compiled: CompiledCron, zone: Zone, policy: number, span: TickSpan): TickSet {
  const from = span.firstAt / 1000;
  const segment = zone.at(from);
  const isOneOffset =
    segment.end >= from + DAY_SECONDS &&
    (segment.start < from || segment.shift <= 0) &&
    ((policy & RUNS_FIRST_PASS_ONLY) === 0 || segment.repeatedUntil <= from);
  if (!isOneOffset) return ticksAroundChange(compiled, zone, policy, span);
  // Two local days at most share a UTC day; such days differ by nothing else.
  const day = Math.floor((from + segment.offset) / DAY_SECONDS);
  const days = (compiled.hasDay(day) ? 1 : 0) + (compiled.hasDay(day + 1) ? 2 : 0);
  if (days === 0) return TickSet.EMPTY;
  return span.cached(compiled, (segment.offset + LARGEST_OFFSET) * 4 + days, () =>
    walls(span, compiled, { from, end: from + DAY_SECONDS, offset: segment.offset }),
  );
}

/** A stretch of UTC seconds with one offset. */
interface Stretch {
  from: number;
  end: number;
  offset: number;
}

function ticksAroundChange(compiled: CompiledCron, zone: Zone, policy: number, span: TickSpan): TickSet {
  const from = span.firstAt / 1000;
  const end = from + DAY_SECONDS;
  const isFirstOnly = (policy & RUNS_FIRST_PASS_ONLY) !== 0;
  const stretches: Stretch[] = [];
  const madeUp: number[] = [];
  for (let segment = zone.at(from); segment.start < end; segment = zone.at(segment.end)) {
    const { start, offset, repeatedUntil } = segment;
    if (start >= from && isMadeUpAtStart(compiled, policy, segment)) madeUp.push(start - from);
    const first = Math.max(start, from, isFirstOnly ? repeatedUntil : from);
    stretches.push({ from: first, end: Math.min(segment.end, end), offset });
    if (segment.end >= end) break;
  }
  // Most zones change at the same time of day, year after year.
  const days = stretches.map((one) => {
    const day = Math.floor((one.from + one.offset) / DAY_SECONDS);
    const hasDays = [day, day + 1].map((local) => compiled.hasDay(local));
    return [one.from - from, one.end - from, one.offset, ...hasDays].join();
  });
  return span.cached(compiled, `${days.join(' ')} ${madeUp.join()}`, () =>
    stretches.reduce((set, one) => set.union(walls(span, compiled, one)), TickSet.of(madeUp)),
  );
}

/** The ticks of a stretch at wall seconds that match, numbered from the start of the span. */
function walls(span: TickSpan, compiled: CompiledCron, { from, end, offset }: Stretch): TickSet {
  const first = span.firstAt / 1000 + offset;
  let set = TickSet.EMPTY;
  for (let day = Math.floor((from + offset) / DAY_SECONDS); day * DAY_SECONDS < end + offset; day++) {
    if (!compiled.hasDay(day)) continue;
    const midnight = day * DAY_SECONDS;
    const seconds = span.cached(compiled, 0, () => TickSet.ofMasks(secondsOfDay(compiled)));
    const fromSecond = Math.max(from + offset - midnight, 0);
    const endSecond = Math.min(end + offset - midnight, DAY_SECONDS);
    set = set.union(seconds.moved(fromSecond, endSecond, midnight - first));
  }
  return set;
}

/** The seconds of a day that match, whatever the day; 32 at a time. */
function* secondsOfDay(compiled: CompiledCron): Iterable<readonly [number, number]> {
  const { hours, minutesLow, minutesHigh, secondsLow, secondsHigh } = compiled;
  for (let hour = nextBit(hours, 0, 0); hour < 24; hour = nextBit(hours, 0, hour + 1)) {
    for (let minute = nextBit(minutesLow, minutesHigh, 0); minute < 60;) {
      const second = (hour * 60 + minute) * 60;
      yield [second, secondsLow];
      yield [second + 32, secondsHigh];
      minute = nextBit(minutesLow, minutesHigh, minute + 1);
    }
  }
}
