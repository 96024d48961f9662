import * as timers from 'node:timers';

/** Read at import: fake timers that are installed later do not replace these. */
export const { clearTimeout, setImmediate, setTimeout } = timers;
