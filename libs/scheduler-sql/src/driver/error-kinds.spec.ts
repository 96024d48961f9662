import {
  InvalidOptionsError,
  SchedulerError,
  SchedulerNotRunningError,
  StoreUnavailableError,
} from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import { type ErrorKind, toStoreError } from './error-kinds.js';
import { DatabaseRefusedError } from './errors.js';
import { kindOfMysqlError } from './mysql/mysql-errors.js';
import { kindOfPostgresError } from './postgres/postgres-errors.js';
import { NoResponseError } from './real-time.js';
import { kindOfSqliteError } from './sqlite/sqlite-errors.js';

const withCode = (code: string, message = code) => Object.assign(new Error(message), { code });
const withErrno = (errno: number, fields: object = {}) =>
  Object.assign(new Error(`error ${errno}`), { errno, code: 'ER', ...fields });
const socket = (code: string) => Object.assign(withCode(code), { errno: -111, syscall: 'connect' });

describe('the kind of an error of PostgreSQL', () => {
  it.each<[ErrorKind, Error]>([
    ['transient', withCode('40P01')],
    ['down', withCode('55P03')],
    ['transient', withCode('26000')],
    ['transient', withCode('42P05')],
    ['down', withCode('57014')],
    ['down', withCode('25P03')],
    ['down', withCode('53300')],
    ['down', socket('ECONNREFUSED')],
    ['down', new AggregateError([socket('ECONNREFUSED')])],
    ['down', new NoResponseError(900)],
    ['down', new Error('Query read timeout')],
    ['down', new Error('Connection terminated unexpectedly')],
    ['row', withCode('22P05')],
    ['row', withCode('23505')],
    ['denied', withCode('42501')],
    ['denied', withCode('28P01')],
    ['missing', withCode('42P01')],
    ['closed', new Error('Cannot use a pool after calling end on the pool')],
    ['refused', withCode('42601')],
    ['refused', withCode('XX000')],
    ['program', new TypeError('x is not a function')],
  ])('%s: %s', (kind, error) => expect(kindOfPostgresError(error)).toBe(kind));
});

describe('the kind of an error of MySQL or MariaDB', () => {
  it.each<[ErrorKind, Error]>([
    ['transient', withErrno(1213)],
    ['down', withErrno(1205)],
    ['down', withErrno(1317)],
    ['down', withErrno(1969)],
    ['down', withErrno(1040)],
    ['down', socket('ECONNRESET')],
    ['down', new NoResponseError(900)],
    ['down', withCode('PROTOCOL_CONNECTION_LOST')],
    ['down', new Error('Queue limit reached.')],
    ['row', withErrno(1153, { fatal: true })],
    ['row', withErrno(1406)],
    ['row', withErrno(1366)],
    ['denied', withErrno(1142)],
    ['missing', withErrno(1146)],
    ['closed', new Error('Pool is closed.')],
    ['refused', withErrno(1064)],
    ['refused', withErrno(1175)],
    ['program', new TypeError('x is not a function')],
  ])('%s: %s', (kind, error) => expect(kindOfMysqlError(error)).toBe(kind));
});

describe('the kind of an error of SQLite', () => {
  it.each<[ErrorKind, Error]>([
    ['down', withCode('SQLITE_BUSY_SNAPSHOT')],
    ['down', Object.assign(new Error('disk full'), { errcode: 13 })],
    ['row', withCode('SQLITE_CONSTRAINT_NOTNULL')],
    ['row', Object.assign(new Error('too big'), { errcode: 18 })],
    ['missing', withCode('SQLITE_ERROR', 'no such table: jobs')],
    ['closed', new TypeError('The database connection is not open')],
    ['refused', withCode('SQLITE_ERROR', 'near "x": syntax error')],
    ['program', new TypeError('x is not a function')],
  ])('%s: %s', (kind, error) => expect(kindOfSqliteError(error)).toBe(kind));
});

describe('the error of a verb', () => {
  it.each<[ErrorKind, abstract new (...args: never[]) => SchedulerError]>([
    ['transient', StoreUnavailableError],
    ['down', StoreUnavailableError],
    ['closed', SchedulerNotRunningError],
    ['row', DatabaseRefusedError],
    ['denied', DatabaseRefusedError],
    ['missing', DatabaseRefusedError],
    ['refused', DatabaseRefusedError],
    ['program', DatabaseRefusedError],
  ])('of kind %s', (kind, type) => expect(toStoreError(kind, new Error('why'))).toBeInstanceOf(type));

  it('is kept if it is one of the scheduler', () => {
    const error = new InvalidOptionsError('transaction', 7, 'Give one.');
    expect(toStoreError('program', error)).toBe(error);
  });
});
