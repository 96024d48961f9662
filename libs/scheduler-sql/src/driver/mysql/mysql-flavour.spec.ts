import { describe, expect, it } from 'vitest';
import { DatabaseTooOldError } from '../errors.js';
import { TableNames } from '../table-names.js';
import { MysqlBulk } from './bulk-mysql.js';
import { flavourOf } from './mysql-flavour.js';

/** Checks SQL as strings, since the tests run on only one of the two servers. */
describe('which server it is', () => {
  const locked = (version: string): string => {
    const rows = [{ where: { id: 'a' }, set: { version: 2 } }];
    return new MysqlBulk(new TableNames(null, '', '`'), flavourOf(version)).update({ table: 'jobs', rows })
      .select.sql;
  };

  it.each(['8.0.17', '8.0.44-0ubuntu0.24.04.1', '8.4.7', '9.7.4-2', '10.0.0'])(
    'locks only the jobs beside the rows of JSON on MySQL %s, which cannot lock those',
    (version) => {
      expect(locked(version)).toMatch(/ collate utf8mb4_0900_bin for update of t$/);
    },
  );

  it.each(['10.6.0-MariaDB', '10.11.14-MariaDB-0+deb12u2', '11.8.3-MariaDB'])(
    'locks without OF on %s, which does not know it',
    (version) => {
      expect(locked(version)).toMatch(/ collate utf8mb4_nopad_bin for update$/);
    },
  );

  it.each(['5.7.44', '8.0.16', '10.5.29-MariaDB', '5.5.68-MariaDB'])('refuses %s', (version) => {
    expect(() => flavourOf(version)).toThrow(DatabaseTooOldError);
  });
});
