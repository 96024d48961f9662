import type { CompiledQuery, Kysely } from 'kysely';
import type { Tables } from '../schema/tables.js';

/** More than the store's own. All are dropped beyond it, among them those for earlier lists of handlers and full groups. */
const KEPT = 200;

class Slot {
  constructor(readonly name: string) {}
}

/** Stands for a value that is filled in when the query runs. */
export const slot = (name: string) => new Slot(name) as never;

/**
 * Queries that are built once and run with many values. Building one takes longer than most of these take in
 * the database, and all of a claim's are between a due instant and the start of its run.
 */
export class Templates {
  readonly #known = new Map<string, CompiledQuery>();

  /** @param key names the query, and all that its SQL depends on @param values by the names of its slots */
  async run<R>(
    kysely: Kysely<Tables>,
    key: string,
    build: () => CompiledQuery<R>,
    values: Readonly<Record<string, unknown>>,
  ): Promise<R[]> {
    const query = this.#query(key, build);
    const parameters = query.parameters.map((one) => (one instanceof Slot ? values[one.name] : one));
    const { rows } = await kysely.executeQuery<R>({ ...query, parameters } as CompiledQuery<R>);
    return rows;
  }

  #query(key: string, build: () => CompiledQuery): CompiledQuery {
    let query = this.#known.get(key);
    if (query === undefined) {
      if (this.#known.size >= KEPT) this.#known.clear();
      this.#known.set(key, (query = build()));
    }
    return query;
  }
}
