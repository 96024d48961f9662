import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import type { Effects } from '../turn/effects.js';

/** Runs that other replicas carry are to be cancelled: these would learn of it at their next renewal (L4). */
export async function hintCancelled(
  { hints }: Database,
  trx: Kysely<Tables>,
  replica: string,
  { replaced }: Effects,
): Promise<void> {
  if (replaced.some(({ holder }) => holder !== replica)) await hints?.send(trx, replica, 'cancel');
}
