/** The clock that times everything. A test steers it with the TimeMachine of `@carillon/scheduler/testing`. */
export const SCHEDULER_CLOCK = Symbol.for('carillon:clock');

/** What `forRoot` or `forRootAsync` was given, unread. */
export const SCHEDULER_OPTIONS = Symbol.for('carillon:options');

/** The same, checked and complete: `Settings`. */
export const SCHEDULER_SETTINGS = Symbol.for('carillon:settings');

/** The engine and all it works with: `Parts`. */
export const SCHEDULER_PARTS = Symbol.for('carillon:parts');
