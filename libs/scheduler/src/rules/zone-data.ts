import { isNewerZoneinfo } from '../timing/index.js';
import type { Unit } from './unit.js';

/** Computes the next tick anew when older time zone data computed it (Z5). Older data never override newer. */
export function followZoneData(unit: Unit): void {
  const { job, zoneVersion } = unit;
  if (!isNewerZoneinfo(zoneVersion, job.zoneVersion)) return;
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
