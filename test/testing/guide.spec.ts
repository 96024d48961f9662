import { describe, expect, it } from 'vitest';
import { type TimeMachine, TimeTravelError } from '@carillon/scheduler/testing';
import { code, read, rows, section } from '../docs/pages.js';

const page = await read('docs/guides/testing.md');

describe('docs/guides/testing.md', () => {
  it('has a row for each verb of the time machine, and for no other', () => {
    const listed = rows(section(page, 'Steering the time')).map(
      ([verb]) => /time\.(\w+)\(/.exec(code(verb!))?.[1],
    );
    const verbs = Object.keys({
      steer: 0, now: 0, travelTo: 0, advance: 0, ticksOf: 0, runsOf: 0, performNow: 0, drain: 0, wouldRun: 0,
    } satisfies Record<keyof TimeMachine, 0>); // prettier-ignore
    expect(listed.toSorted()).toEqual(verbs.toSorted());
  });

  it('names the code of its error', () => {
    expect(page).toContain(`\`${new TimeTravelError('').code}\``);
  });
});
