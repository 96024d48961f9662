import { SchedulerError } from '@carillon/scheduler/store';

/** The package that talks to the database is not installed, or cannot run here. */
export class DriverMissingError extends SchedulerError {
  readonly code = 'DRIVER_MISSING';
  readonly statusCode = 500;
  constructor(
    readonly packages: readonly string[],
    problem: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${problem} ${remedy}`, options);
  }
}

/** The database refuses a statement, and would refuse it again. */
export class DatabaseRefusedError extends SchedulerError {
  readonly code = 'DATABASE_REFUSED';
  readonly statusCode = 500;
  constructor(
    readonly reason: keyof typeof REMEDIES,
    cause: unknown,
  ) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(`The store's statement failed: ${message}. ${REMEDIES[reason]}`, { cause });
  }
}

const REMEDIES = {
  row: 'Shorten or correct the values that it names.',
  denied:
    "Correct the user and the password, or grant the store's user select, insert, update and delete on its tables, and what migrations need.",
  missing:
    'Create the database if that is missing; restore tables, or run migrate(store) of @carillon/sql to make them anew.',
  refused: "The cause has the database's own error; correct what it names.",
  program: 'The cause has the error; report it if it is not your own.',
} as const;

/** Fake timers keep the ticks that connections to a server need. */
export class FakeTimersError extends SchedulerError {
  readonly code = 'FAKE_TIMERS';
  readonly statusCode = 500;
  constructor() {
    super(
      'Fake timers replace process.nextTick, and without it no connection to a database server opens. ' +
        "Leave it real: doNotFake: ['nextTick'] in Jest, toFake without 'nextTick' in vitest and sinon. " +
        'Or move time with the TimeMachine of @carillon/scheduler/testing.',
    );
  }
}

/** The server is older than the store needs. */
export class DatabaseTooOldError extends SchedulerError {
  readonly code = 'DATABASE_TOO_OLD';
  readonly statusCode = 500;
  constructor(
    readonly version: string,
    readonly needed: string,
  ) {
    super(`The database server is ${version}, and the store needs ${needed}. Upgrade the server.`);
  }
}

/** Newer code has migrated the tables; this code does not know the result. */
export class SchemaTooNewError extends SchedulerError {
  readonly code = 'SCHEMA_TOO_NEW';
  readonly statusCode = 500;
  constructor(
    readonly tables: string,
    readonly found: string,
    readonly known: string,
  ) {
    super(
      `The tables ${tables} are at the migration "${found}", and this version of @carillon/sql knows them up to "${known}". ` +
        'Install the version of @carillon/sql that migrated them, or a newer one; tables are never migrated back.',
    );
  }
}

/** The tables are missing or old, and `migrate: false` forbids to change them. */
export class SchemaOutdatedError extends SchedulerError {
  readonly code = 'SCHEMA_OUTDATED';
  readonly statusCode = 500;
  constructor(
    readonly tables: string,
    readonly found: string | null,
    readonly needed: string,
  ) {
    super(
      (found === null
        ? `The tables ${tables} do not exist`
        : `The tables ${tables} are at the migration "${found}", and this version of @carillon/sql needs "${needed}"`) +
        ', and migrate: false keeps the store from changing them. Run migrate(store) of @carillon/sql once before the start, or leave out migrate: false.',
    );
  }
}
