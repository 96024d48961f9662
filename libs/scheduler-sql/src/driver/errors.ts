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

/** The server is older than what the store needs. */
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

/** Newer code has migrated the tables, in a way that this code does not know. */
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

/** The tables are missing or old, and `migrate: false` says that they are not to be touched. */
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
        ', and the store was told not to migrate. Run migrate(store) of @carillon/sql once before the start, or leave out migrate: false.',
    );
  }
}
