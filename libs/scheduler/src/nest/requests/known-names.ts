import { InvalidOptionsError, rejectUnknown } from '../../model/index.js';

/** The names that an options object may have; a misspelt one is an error, not a silence. */
export class KnownNames {
  private readonly names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.names = new Set(names);
  }

  /** @param remedy what to give instead of something that is no object @throws InvalidOptionsError */
  check(options: unknown, remedy: string): void {
    if (typeof options !== 'object' || options === null)
      throw new InvalidOptionsError('options', options, remedy);
    for (const name in options) {
      if (!this.names.has(name)) return rejectUnknown('', options, [...this.names]);
    }
  }
}
