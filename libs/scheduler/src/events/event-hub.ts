import { merge, type Observable, Subject } from 'rxjs';
import type {
  FailureEvent,
  SchedulerEvent,
  SchedulerEventOf,
  SchedulerEvents,
  SchedulerEventType,
} from '../model/index.js';
import type { Clock, EventSink } from '../ports/index.js';
import { ContainedObservable } from './contained-observable.js';

/** All events pass through the hub. Subscribers can break neither the emitter nor each other. */
export class EventHub implements EventSink {
  private readonly all = new Subject<SchedulerEvent>();
  private readonly byType = new Map<SchedulerEventType, Subject<SchedulerEvent>>();
  private readonly failures = new Subject<SchedulerEvent>();
  private current: SchedulerEvent | null = null;

  /** All events. */
  readonly events$: Observable<SchedulerEvent> = this.contained(this.all);
  /** The failed attempts of runs. */
  readonly errors$: Observable<FailureEvent> = this.contained(this.failures) as Observable<FailureEvent>;

  constructor(private readonly source: { clock: Pick<Clock, 'now'>; replica: string }) {}

  /** The events of these types. */
  on<T extends SchedulerEventType>(type: T, ...more: T[]): Observable<SchedulerEventOf<T>> {
    const subjects = [...new Set([type, ...more])].map((each) => this.ofType(each));
    const source = subjects.length === 1 ? subjects[0] : merge(...subjects);
    return this.contained(source) as unknown as Observable<SchedulerEventOf<T>>;
  }

  wants(type: SchedulerEventType): boolean {
    return (
      this.all.observed ||
      (this.byType.get(type)?.observed ?? false) ||
      (isFailureType(type) && this.failures.observed)
    );
  }

  emit<T extends SchedulerEventType>(type: T, fact: Omit<SchedulerEvents[T], 'at' | 'replica'>): void {
    if (!this.wants(type)) return;
    // Completed in place: a copy would cost ten times as much.
    const event = fact as unknown as SchedulerEvent;
    event.type = type;
    event.at = new Date(this.source.clock.now());
    event.replica = this.source.replica;
    const outer = this.current;
    this.current = event;
    this.byType.get(type)?.next(event);
    if (isFailedAttempt(event)) this.failures.next(event);
    this.all.next(event);
    this.current = outer;
  }

  /** Completes the streams. */
  complete(): void {
    for (const subject of [this.all, this.failures, ...this.byType.values()]) subject.complete();
  }

  private ofType(type: SchedulerEventType): Subject<SchedulerEvent> {
    let subject = this.byType.get(type);
    if (!subject) this.byType.set(type, (subject = new Subject()));
    return subject;
  }

  private contained(source: Observable<SchedulerEvent>): Observable<SchedulerEvent> {
    return new ContainedObservable(source, () => {
      const during = this.current;
      return (error) => this.listenerFailed(error, during);
    });
  }

  private listenerFailed(error: unknown, during: SchedulerEvent | null): void {
    // A listener of this very event that throws would go round for ever.
    if (during?.type === 'listener.failed') return;
    const jobId = during && 'jobId' in during ? during.jobId : null;
    this.emit('listener.failed', { error, jobId, during: during?.type ?? 'listener.failed' });
  }
}

function isFailureType(type: SchedulerEventType): boolean {
  return type === 'run.failed' || type === 'run.timedOut';
}

/** False for the outcome of a run whose retry came too late: its attempt was published when it failed. */
function isFailedAttempt(event: SchedulerEvent): event is FailureEvent {
  return (event.type === 'run.failed' || event.type === 'run.timedOut') && event.reason === null;
}
