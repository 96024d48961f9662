import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs';

/**
 * An observable that reports what its subscribers throw. RxJS rethrows it from a timer, which ends a
 * Node process; a scheduler must survive it. Covers everything piped from it, and async subscribers
 * that reject.
 */
export class ContainedObservable<T> extends Observable<T> {
  constructor(
    source: Observable<unknown>,
    /** Called during each call of a subscriber, so that a later rejection is reported with its event. */
    private readonly reporter: () => (error: unknown) => void,
  ) {
    super();
    this.source = source;
  }

  /** RxJS makes every piped observable here, so that piping keeps the containment. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new ContainedObservable<R>(this, this.reporter);
    lifted.operator = operator as Operator<unknown, R> | undefined;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The links of a pipe are RxJS's own; containment happens where the pipe ends.
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext);
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'function' || !observerOrNext
        ? { next: observerOrNext ?? undefined, error: error ?? undefined, complete: complete ?? undefined }
        : observerOrNext;
    return super.subscribe({
      next: (value: T) => this.contain(() => observer.next?.(value)),
      error: (failure: unknown) =>
        this.contain(() => (observer.error ? observer.error(failure) : this.reporter()(failure))),
      complete: () => this.contain(() => observer.complete?.()),
    });
  }

  private contain(call: () => unknown): void {
    try {
      const result = call();
      if (result instanceof Promise) result.catch(this.reporter());
    } catch (error) {
      this.reporter()(error);
    }
  }
}
