import type { JobSpec, Policies } from '@carillon/scheduler/store';
import type { JobTable } from '../schema/tables.js';
import { hasFunctions } from '../turn/job-row.js';

/** Policies with functions, which are not stored: those of the declarations of this process's code. */
export class KnownPolicies {
  private readonly declared = new Map<string, { declaration: string; policies: Policies }>();

  remember({ id, policies }: JobSpec, declaration: string): void {
    if (hasFunctions(policies)) this.declared.set(id, { declaration, policies });
    else this.declared.delete(id);
  }

  /** What is stored, with the functions of the declaration that is stored, unless an edit has replaced them. */
  complete({ id, declaration, policies: text }: JobTable, stored: Policies): Policies {
    const known = this.declared.get(id);
    if (known === undefined || known.declaration !== declaration) return stored;
    const { when, backoff } = known.policies.retry;
    // A function leaves nothing in JSON.
    const isStored = text.includes('"backoff"');
    const retry = Object.freeze({ ...stored.retry, when, ...(isStored ? {} : { backoff }) });
    return Object.freeze({ ...stored, retry });
  }
}
