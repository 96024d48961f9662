import { CompiledQuery, type Kysely } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { DatabaseTooOldError } from '../errors.js';

/** The differences between MySQL and MariaDB. */
export interface MysqlFlavour {
  /** Compares strings byte by byte. */
  readonly collation: string;
  /** Locks the rows of `t` where it is joined to a JSON_TABLE. */
  readonly lockJoined: string;
}

/** FOR UPDATE alone would lock the JSON_TABLE too, which MySQL refuses; MariaDB does not know OF. */
const MYSQL: MysqlFlavour = { collation: 'utf8mb4_0900_bin', lockJoined: 'for update of t' };
const MARIADB: MysqlFlavour = { collation: 'utf8mb4_nopad_bin', lockJoined: 'for update' };

/** @throws DatabaseTooOldError for those without JSON_TABLE, SKIP LOCKED or the collation */
export function flavourOf(version: string): MysqlFlavour {
  const isMariadb = /mariadb/i.test(version);
  const oldest = isMariadb ? [10, 6, 0] : [8, 0, 17];
  const given = version.split('.').map(Number.parseFloat);
  const differs = oldest.findIndex((part, index) => part !== given[index]);
  if (differs >= 0 && !(given[differs]! > oldest[differs]!))
    throw new DatabaseTooOldError(version, isMariadb ? 'MariaDB 10.6' : 'MySQL 8.0.17');
  return isMariadb ? MARIADB : MYSQL;
}

export interface ServerFacts {
  readonly flavour: MysqlFlavour;
  /** Bytes of the longest statement. */
  readonly maxPacket: number;
}

export async function readServerFacts(kysely: Kysely<Tables>): Promise<ServerFacts> {
  const { rows } = await kysely.executeQuery(FACTS);
  const { server_version, max_packet } = rows[0]!;
  return { flavour: flavourOf(server_version), maxPacket: Number(max_packet) };
}

const FACTS = CompiledQuery.raw(
  'select version() as server_version, @@max_allowed_packet as max_packet',
) as CompiledQuery<{ server_version: string; max_packet: number | string }>;
