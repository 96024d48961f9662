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

/** The one place that facts go through: subscribers cannot break what emits, nor each other. */
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
      (isFailure(type) && this.failures.observed)
    );
  }

  emit<T extends SchedulerEventType>(type: T, fact: Omit<SchedulerEvents[T], 'at' | 'replica'>): void {
    if (!this.wants(type)) return;
    // Completed in place: copying the fact would cost ten times as much.
    const event = fact as unknown as SchedulerEvent;
    event.type = type;
    event.at = new Date(this.source.clock.now());
    event.replica = this.source.replica;
    const outer = this.current;
    this.current = event;
    this.byType.get(type)?.next(event);
    if (isFailure(type)) this.failures.next(event);
    this.all.next(event);
    this.current = outer;
  }

  /** Ends the streams: subscribers get `complete`. */
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
    // A listener of this very event that throws too must not go round for ever.
    if (during?.type === 'listener.failed') return;
    const jobId = during && 'jobId' in during ? during.jobId : null;
    this.emit('listener.failed', { error, jobId, during: during?.type ?? 'listener.failed' });
  }
}

function isFailure(type: SchedulerEventType): type is FailureEvent['type'] {
  return type === 'run.failed' || type === 'run.timedOut';
}
