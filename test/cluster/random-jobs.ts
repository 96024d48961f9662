import { cron, every } from '@carillon/scheduler';
import type { JobOrder } from './replica/protocol.js';

/** A one-second cron and `count` random jobs whose ticks end at `endAt`. Long enough, and they all meet crashes. */
export function randomJobs(count: number, startAt: Date, endAt: Date, seed: number): JobOrder[] {
  const random = numbers(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const jobs: JobOrder[] = [
    { id: 'each-second', trigger: cron('* * * * * *', { timezone: 'UTC', startAt, endAt }).toJSON() },
  ];
  for (let i = 0; i < count; i++) {
    const drawn =
      random() < 0.5
        ? every(pick([500, 1_000, 1_700, 3_000]), { startAt, endAt })
        : cron(pick(['*/2 * * * * *', '*/3 * * * * *', '1-59/7 * * * * *']), {
            timezone: 'UTC',
            startAt,
            endAt,
          });
    // A short span may lie between two ticks.
    const trigger = drawn.firstAt(startAt.getTime()) === null ? every('1s', { startAt, endAt }) : drawn;
    jobs.push({
      id: `job-${i}`,
      trigger: trigger.toJSON(),
      payload: { ms: Math.floor(random() * 300), fails: pick([0, 0, 0.2]) },
      overlap: pick(['skip', 'skip', 'queueOne', 'queueAll', 'allow', 'cancelPrevious']),
      coalesce: pick(['latest', 'latest', 'earliest', 'all']),
      retry: pick([{ attempts: 1 }, { attempts: 3, backoff: 'fixed' as const, delay: 200 }]),
      onAbandoned: pick(['rerun', 'rerun', 'fail']),
    });
  }
  return jobs;
}

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
