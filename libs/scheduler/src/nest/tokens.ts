/** The one clock. A test steers it with the TimeMachine of `@carillon/scheduler/testing`. */
export const SCHEDULER_CLOCK = Symbol.for('carillon:clock');

/** The unchecked options of `forRoot` or `forRootAsync`. */
export const SCHEDULER_OPTIONS = Symbol.for('carillon:options');

/** The options, checked and complete: `Settings`. */
export const SCHEDULER_SETTINGS = Symbol.for('carillon:settings');

/** The engine and its collaborators: `Runtime`. */
export const SCHEDULER_RUNTIME = Symbol.for('carillon:runtime');
