import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InstantQueue } from './instant-queue.js';

describe('InstantQueue', () => {
  it('agrees with a sorted list under random sets, moves and deletes', () => {
    const command = fc.record({ slot: fc.nat(200), instant: fc.nat(50), drop: fc.boolean() });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
        const queue = new InstantQueue();
        const model = new Map<number, number>();
        for (const { slot, instant, drop } of commands) {
          if (drop) {
            queue.delete(slot);
            model.delete(slot);
          } else {
            queue.set(slot, instant);
            model.set(slot, instant);
          }
          expect(queue.instantOf(slot)).toBe(model.get(slot) ?? null);
        }
        const expected = [...model].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
        const drained: [number, number][] = [];
        while (queue.length > 0) {
          const slot = queue.first();
          drained.push([slot, queue.earliest()!]);
          queue.delete(slot);
        }
        expect(drained).toEqual(expected);
      }),
      { seed: 20261121, numRuns: 200 },
    );
  });

  it('has no earliest instant when it is empty', () => {
    const queue = new InstantQueue();
    expect(queue.earliest()).toBeNull();
    queue.set(1_000, 5);
    queue.clear();
    expect(queue.earliest()).toBeNull();
    expect(queue.has(1_000)).toBe(false);
  });
});
