import { type JobSpec, readPolicies } from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import type { JobTable } from '../schema/tables.js';
import { KnownPolicies } from './known-policies.js';

const backoff = (attempt: number): number => attempt;
const when = (): boolean => true;
const declared = readPolicies({ retry: { attempts: 3, backoff, when } });
const row = (policies: object, declaration = 'hash') =>
  ({ id: 'one', declaration, policies: JSON.stringify(policies) }) as JobTable;
const stored = readPolicies({ retry: { attempts: 5 } });

describe('functions among the policies of a declaration', () => {
  const known = new KnownPolicies();
  known.remember({ id: 'one', policies: declared } as JobSpec, 'hash');

  it('go with what is stored, so that an edit of the rest stays', () => {
    const text = JSON.parse(
      JSON.stringify({ ...declared, retry: { ...declared.retry, attempts: 5 } }),
    ) as object;
    expect(known.complete(row(text), stored).retry).toMatchObject({ attempts: 5, backoff, when });
  });

  it('give way to what an edit has put in their place', () => {
    expect(known.complete(row(stored), stored).retry).toMatchObject({ backoff: 'exponential', when });
  });

  it('are not those of another version of the code', () => {
    expect(known.complete(row(stored, 'other'), stored)).toBe(stored);
  });
});
