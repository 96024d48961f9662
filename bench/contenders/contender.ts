import type { ContenderName } from '../harness/scenario.js';
import type { TickAccount } from './tick-account.js';

/** One library behind the verbs that the scenarios use. What it cannot do is null. */
export interface Contender {
  /** Null where it knows no time zones but the machine's (which is UTC here). */
  walker(expression: string, timezone: string): Walker | null;
  openScheduler(): Promise<BenchScheduler> | null;
}

/**
 * Takes `steps` due instants, each after the one before, and answers the last; UTC ms. The loop is
 * the contender's own, so that each walks with its own kind of date.
 */
export type Walker = (fromAt: number, steps: number) => number;

/** A scheduler as its users start it. Expressions are in UTC. */
export interface BenchScheduler {
  addCron(id: string, expression: string, handler: () => void): Promise<unknown> | void;
  remove(id: string): Promise<unknown> | void;
  close(): Promise<unknown> | void;
  /** Only ours tells what becomes of each tick. */
  accountOf?(id: string): TickAccount;
}

export async function loadContender(name: ContenderName): Promise<Contender> {
  switch (name) {
    case 'carillon':
      return (await import('./carillon.js')).carillon;
    case 'limit':
      return (await import('./limit.js')).limit;
    case 'cron-schedule':
      return (await import('./cron-schedule.js')).cronSchedule;
    case 'croner':
      return (await import('./croner.js')).croner;
    case 'cron-parser':
      return (await import('./cron-parser.js')).cronParser;
    case '@nestjs/schedule':
      return (await import('./nest-schedule.js')).nestSchedule;
    default:
      throw new Error(`${name} keeps its jobs in a database.`);
  }
}

export async function openScheduler(name: ContenderName): Promise<BenchScheduler> {
  const scheduler = (await loadContender(name)).openScheduler();
  if (!scheduler) throw new Error(`${name} is no scheduler.`);
  return scheduler;
}
