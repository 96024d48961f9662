import type { HeldClaims, SerialQueue, StoreSession } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import type { DueFloor } from '../statements/due-floor.js';
import type { UnitRepository } from './unit-repository.js';

/** All that the parts of an open store share. */
export interface StoreContext {
  readonly db: Database;
  readonly session: StoreSession;
  readonly leaseMs: number;
  readonly units: UnitRepository;
  /** The claims of this process. */
  readonly held: HeldClaims;
  readonly floor: DueFloor;
  /** Claims, renewals and completions that change their job take turns here. */
  readonly serial: SerialQueue;
}

/** Tells other replicas that something may be due earlier than they know. */
export async function hintDue({ db, session }: StoreContext, trx: Kysely<Tables>): Promise<void> {
  await db.hints?.send(trx, session.replica, 'due');
}

/** Tells other replicas that runs which they hold are to be cancelled: they would learn of it at their next renewal (L4). */
export async function hintCancelled(
  { db, session }: StoreContext,
  trx: Kysely<Tables>,
  replaced: readonly { readonly holder: string | null }[],
): Promise<void> {
  const { replica } = session;
  if (replaced.some(({ holder }) => holder !== replica)) await db.hints?.send(trx, replica, 'cancel');
}
