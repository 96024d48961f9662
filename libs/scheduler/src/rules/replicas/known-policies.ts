import type { JobSpec, Policies } from '../../model/index.js';
import type { JobRecord } from '../records.js';

/** Policies with functions, which no store keeps: those of the declarations of this process's code. */
export class KnownPolicies {
  private readonly declared = new Map<string, { declaration: string; policies: Policies }>();

  remember({ id, policies }: JobSpec, declaration: string): void {
    const { when, backoff } = policies.retry;
    if (when !== null || typeof backoff === 'function') this.declared.set(id, { declaration, policies });
    else this.declared.delete(id);
  }

  /**
   * The stored policies with the functions of the declaration that is stored, unless an edit has replaced them.
   *
   * @param text of the stored policies: a function leaves nothing in JSON
   */
  complete(
    { id, declaration }: Pick<JobRecord, 'id' | 'declaration'>,
    stored: Policies,
    text: string,
  ): Policies {
    const known = this.declared.get(id);
    if (known === undefined || known.declaration !== declaration) return stored;
    const { when, backoff } = known.policies.retry;
    const isStored = text.includes('"backoff"');
    const retry = Object.freeze({ ...stored.retry, when, ...(isStored ? {} : { backoff }) });
    return Object.freeze({ ...stored, retry });
  }
}
