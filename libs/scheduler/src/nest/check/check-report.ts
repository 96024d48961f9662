/** The findings of `schedulerCheck`; `toString()` prints them for people. */
export interface SchedulerCheck {
  /** Whether the application would start: there are no errors. */
  readonly ok: boolean;
  /** Sorted by id, without those that have an error. */
  readonly jobs: readonly CheckedJob[];
  readonly errors: readonly CheckFinding[];
  readonly warnings: readonly CheckFinding[];
  toString(): string;
}

export interface CheckedJob {
  readonly id: string;
  /** `ReportsService.daily in ReportsModule`. */
  readonly place: string;
  /** Name of the handler. */
  readonly handler: string;
  /** A description for people. */
  readonly trigger: string;
  readonly disabled: boolean;
  /** Up to five next instants, as if the application started now; empty for a disabled job. */
  readonly next: readonly Date[];
}

export interface CheckFinding {
  /** `ReportsService.daily in ReportsModule`, or `SchedulerModule`. */
  readonly place: string;
  /** Null for an error that is not a SchedulerError. */
  readonly code: string | null;
  readonly message: string;
}

export class CheckReport implements SchedulerCheck {
  readonly jobs: readonly CheckedJob[];

  constructor(
    jobs: readonly CheckedJob[],
    readonly errors: readonly CheckFinding[],
    readonly warnings: readonly CheckFinding[],
    private readonly timezone: string,
  ) {
    this.jobs = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  get ok(): boolean {
    return this.errors.length === 0;
  }

  toString(): string {
    const { jobs, errors, warnings, timezone } = this;
    const facts = [counted(jobs, 'job'), counted(errors, 'error'), counted(warnings, 'warning')];
    const blocks = [
      ...jobs.map(({ id, place, trigger, disabled, next }) =>
        [`${id} (${place})`, `${trigger}${disabled ? ', disabled' : ''}`, ...next.map(instant)].join(
          '\n    ',
        ),
      ),
      ...errors.map(({ place, message }) => `error: ${sentence(place, message)}`),
      ...warnings.map(({ place, message }) => `warning: ${sentence(place, message)}`),
    ];
    return [...blocks, `${facts.join(', ')}; the zone is ${timezone}.`].join('\n\n');
  }
}

function counted(found: readonly unknown[], noun: string): string {
  return `${found.length} ${noun}${found.length === 1 ? '' : 's'}`;
}

function instant(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

/** Most error messages begin with their place already. */
function sentence(place: string, message: string): string {
  const [method] = place.split(' in ');
  return message.includes(method!) ? message : `${place}: ${message}`;
}
