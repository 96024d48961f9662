import type { Unit } from './unit.js';

/** Such as 2025c: a year, and a letter that rises within it. */
const VERSION = /^\d{4}[a-z]+$/;

/** Compares versions of time zone data. A string that is no version is older than any version. */
export function isNewerZoneData(one: string, other: string): boolean {
  return VERSION.test(one) && (!VERSION.test(other) || one > other);
}

/** Computes the next tick anew when older time zone data computed it (Z5). Older data never override newer. */
export function followZoneData(unit: Unit): void {
  const { job, zoneVersion } = unit;
  if (!isNewerZoneData(zoneVersion, job.zoneVersion)) return;
  job.zoneVersion = zoneVersion;
  if (unit.unreadable !== null || job.trigger.waitsForRun) return;
  const afterAt = Math.max(job.lastTickAt ?? 0, job.updatedAt);
  const moved = (tickAt: number | null): number | null =>
    tickAt !== null && tickAt > afterAt ? (job.trigger.nextAt(afterAt) ?? tickAt) : tickAt;
  if (job.state === 'paused' && job.pause)
    job.pause = { ...job.pause, firstTickAt: moved(job.pause.firstTickAt) };
  if (job.state !== 'active') return;
  const tickAt = moved(job.nextTickAt);
  if (tickAt !== job.nextTickAt) unit.schedule(tickAt);
}
