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

  /** Null when the row says all there is, or when another version of the code declared it. */
  of({ id, declaration }: Pick<JobTable, 'id' | 'declaration'>): Policies | null {
    const known = this.declared.get(id);
    return known !== undefined && known.declaration === declaration ? known.policies : null;
  }
}
