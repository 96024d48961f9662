import { describe, expect, it } from 'vitest';
import { type JobSpec, readPolicies } from '../../model/index.js';
import { KnownPolicies } from './known-policies.js';

const backoff = (attempt: number): number => attempt;
const when = (): boolean => true;
const declared = readPolicies({ retry: { attempts: 3, backoff, when } });
const job = (declaration = 'hash') => ({ id: 'one', declaration });
const stored = readPolicies({ retry: { attempts: 5 } });

describe('functions in the policies of a declaration', () => {
  const known = new KnownPolicies();
  known.remember({ id: 'one', policies: declared } as JobSpec, 'hash');

  it('complete the stored policies, so that an edit of other fields stays', () => {
    const text = JSON.parse(
      JSON.stringify({ ...declared, retry: { ...declared.retry, attempts: 5 } }),
    ) as object;
    expect(known.complete(job(), stored, JSON.stringify(text)).retry).toMatchObject({
      attempts: 5,
      backoff,
      when,
    });
  });

  it('give way to the value of an edit', () => {
    expect(known.complete(job(), stored, JSON.stringify(stored)).retry).toMatchObject({
      backoff: 'exponential',
      when,
    });
  });

  it('are not taken from another version of the code', () => {
    expect(known.complete(job('other'), stored, JSON.stringify(stored))).toBe(stored);
  });
});
