/** When a job ran, in `performance.now()`, which no step of the wall clock moves. */
export class RunLog {
  private readonly instants: number[] = [];

  readonly record = (): void => {
    this.instants.push(performance.now());
  };

  /** How long after `from` the next run came; Infinity when none did. */
  delayAfter(from: number): number {
    return (this.instants.find((instant) => instant > from) ?? Infinity) - from;
  }

  countAfter(from: number): number {
    return this.instants.filter((instant) => instant > from).length;
  }
}
