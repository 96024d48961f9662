import * as timers from 'node:timers';

/** Taken once, when the test begins: fake timers that come later leave these alone. */
export const { clearTimeout, setImmediate, setTimeout } = timers;
