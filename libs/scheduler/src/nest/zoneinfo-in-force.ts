import { InvalidOptionsError } from '../model/index.js';
import {
  findZoneinfo,
  InvalidTimezoneError,
  useZoneinfo,
  zoneinfoInUse,
  type Zoneinfo,
  type ZoneinfoChoice,
} from '../timing/index.js';

const DEFAULT: ZoneinfoChoice = 'auto';

/** Schedulers of this process that are open. They share one source of zone rules, because triggers share zones. */
const open = new Set<object>();

/**
 * Puts the option `zoneinfo` into force for this process. Left out, it is that of the open schedulers, else the default.
 *
 * @throws InvalidOptionsError for no choice, a source without zone files, and one that open schedulers do not use
 */
export function putZoneinfoIntoForce(choice: ZoneinfoChoice | undefined): void {
  if (open.size === 0) return checked(choice, () => useZoneinfo(choice === undefined ? DEFAULT : choice));
  if (choice === undefined) return;
  const inUse = zoneinfoInUse();
  if (checked(choice, () => findZoneinfo(choice)).folder === inUse.folder) return;
  throw new InvalidOptionsError(
    'zoneinfo',
    choice,
    'A process has one source of zone rules: give the same to both, or leave it out here.',
    `The option "zoneinfo" is '${choice}', and another application of this process uses ${nameOf(inUse)}.`,
  );
}

/** Puts the choice into force, and keeps its source in force until the release. @throws InvalidOptionsError */
export function holdZoneinfo(scheduler: object, choice: ZoneinfoChoice | undefined): void {
  try {
    putZoneinfoIntoForce(choice);
  } catch (error) {
    throw error instanceof InvalidOptionsError ? error.at('SchedulerModule') : error;
  }
  open.add(scheduler);
}

export function releaseZoneinfo(scheduler: object): void {
  open.delete(scheduler);
}

function checked<T>(choice: unknown, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof InvalidTimezoneError)) throw error;
    throw new InvalidOptionsError('zoneinfo', choice, '', error.message);
  }
}

function nameOf({ folder }: Zoneinfo): string {
  return folder === null ? "the runtime's" : `the files in ${folder}`;
}
