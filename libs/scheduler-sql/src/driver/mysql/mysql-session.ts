import { CompiledQuery } from 'kysely';
import { InvalidOptionsError } from '@carillon/scheduler/store';
import type { Limits } from '../real-time.js';
import type { MysqlConnection } from './mysql-types.js';

/** Runs on MySQL only, and on MariaDB only. */
const onMysql = (sql: string) => `/*!80000 ${sql} */`;
const onMariadb = (sql: string) => `/*M!100600 ${sql} */`;

/**
 * Settings that statements rely on, and the timeouts of the server. `NO_BACKSLASH_ESCAPES` would let a string that
 * mysql2 has escaped end early; without strictness the server cuts strings. An idle transaction ends with its session.
 */
export function sessionText({ responseMs, idleMs }: Limits): string {
  const [responseS, idleS] = [Math.ceil(responseMs / 1000), Math.ceil(idleMs / 1000)];
  return (
    "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', " +
    'character_set_client = utf8mb4, character_set_connection = utf8mb4, character_set_results = utf8mb4, ' +
    "collation_connection = utf8mb4_general_ci, autocommit = 1, time_zone = '+00:00', sql_safe_updates = 0, " +
    'sql_select_limit = 18446744073709551615, ' +
    `innodb_lock_wait_timeout = ${responseS}, lock_wait_timeout = ${responseS} ` +
    onMysql(
      `, wait_timeout = ${idleS}, max_execution_time = ${responseMs}, transaction_isolation = 'READ-COMMITTED', ` +
        'transaction_read_only = 0',
    ) +
    onMariadb(
      `, idle_transaction_timeout = ${idleS}, max_statement_time = ${responseMs / 1000}, ` +
        "tx_isolation = 'READ-COMMITTED', tx_read_only = 0",
    )
  );
}

/** For changes of the tables, which may take long. */
export const PATIENT = CompiledQuery.raw(
  `set session innodb_lock_wait_timeout = 3600, lock_wait_timeout = 3600 ` +
    onMysql(', wait_timeout = 3600, max_execution_time = 0') +
    onMariadb(', idle_transaction_timeout = 0, max_statement_time = 0'),
);

const COMMON = [
  'sql_mode',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'collation_connection',
  'autocommit',
  'time_zone',
  'sql_safe_updates',
  'sql_select_limit',
  'innodb_lock_wait_timeout',
  'lock_wait_timeout',
];
const OF_MYSQL = ['wait_timeout', 'max_execution_time', 'transaction_isolation', 'transaction_read_only'];
const OF_MARIADB = ['idle_transaction_timeout', 'max_statement_time', 'tx_isolation', 'tx_read_only'];

const read = (names: readonly string[]) =>
  names.map((name) => `cast(@@session.${name} as char) as \`${name}\``).join(', ');

/** Reads the settings that `sessionText` changes. */
export const READ_SETTINGS = CompiledQuery.raw(
  `select ${read(COMMON)} ${onMysql(`, ${read(OF_MYSQL)}`)}${onMariadb(`, ${read(OF_MARIADB)}`)}`,
) as CompiledQuery<Readonly<Record<string, string | null>>>;

/** Sets the settings that were read. */
export function restoringText(settings: Readonly<Record<string, string | null>>): string {
  const values = Object.entries(settings).map(([name, value]) => `${name} = ${literal(value)}`);
  return `set session ${values.join(', ')}`;
}

function literal(value: string | null): string {
  if (value === null) return 'null';
  return /^\d+(\.\d+)?$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
}

/** @throws InvalidOptionsError for a connection whose strings mysql2 sends in another encoding */
export function checkEncoding({ clientEncoding }: MysqlConnection): void {
  if (clientEncoding === undefined || /^utf-?8$/i.test(clientEncoding)) return;
  throw new InvalidOptionsError(
    'pool',
    clientEncoding,
    "Its strings have to be sent as UTF-8: leave out `charset`, or set it to 'utf8mb4'.",
  );
}

const CHARSETS = ['character_set_client', 'character_set_connection', 'character_set_results'];
/** A server that converts no results sends the charset of the column. */
const ALLOWED_CHARSETS = new Set(['utf8mb4', 'binary', null]);

/** A user's transaction keeps its settings, so that those which break statements are refused. */
export const READ_TRANSACTION_MODE = CompiledQuery.raw(
  `select ${read(['sql_mode', 'sql_safe_updates', ...CHARSETS])}`,
) as CompiledQuery<Readonly<Record<string, string | null>>>;

/** @throws InvalidOptionsError */
export function checkTransactionMode(settings: Readonly<Record<string, string | null>>): void {
  if (settings['sql_mode']?.includes('NO_BACKSLASH_ESCAPES') === true) {
    throw new InvalidOptionsError(
      'transaction',
      'NO_BACKSLASH_ESCAPES',
      'Take this mode out of the sql_mode of its connection: the driver escapes strings by backslashes.',
    );
  }
  // MariaDB writes ON.
  if (/^(?:1|on)$/i.test(settings['sql_safe_updates'] ?? '')) {
    throw new InvalidOptionsError(
      'transaction',
      'sql_safe_updates',
      'Set sql_safe_updates to 0 on its connection: it refuses the updates of the store.',
    );
  }
  const charset = CHARSETS.find((name) => !ALLOWED_CHARSETS.has(settings[name] ?? null));
  if (charset !== undefined) {
    throw new InvalidOptionsError(
      'transaction',
      `${charset} = ${settings[charset]}`,
      'Let its connection send and receive UTF-8: SET NAMES utf8mb4.',
    );
  }
}
