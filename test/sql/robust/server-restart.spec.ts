import { afterAll, beforeAll, describe, it } from 'vitest';
import { Auditor, findFaults } from '../../cluster/audit.js';
import { Cluster, compileReplica } from '../../cluster/cluster.js';
import { randomJobs } from '../../cluster/random-jobs.js';
import { SEED } from '../../cluster/sizes.js';
import { startPrivate } from '../../servers/private-server.js';
import { type ServerKind, whereIs } from '../../servers/server-kinds.js';

const PATIENCE = 120_000;
/** RESTARTS=20 for a night. */
const RESTARTS = Number(process.env['RESTARTS'] ?? 1);
const SPAN_MS = 4_000 + 4_000 * RESTARTS;

let replica: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  replica = await compileReplica();
}, PATIENCE);
afterAll(() => replica?.remove());

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Only a server of the test's own is the test's to stop. */
function binariesOf(kind: ServerKind): Record<string, string> | null {
  const found = whereIs(kind);
  return found !== null && 'binaries' in found ? found.binaries : null;
}

const KINDS = (['postgres', 'mysql'] as const).filter((kind) => binariesOf(kind) !== null);

describe.skipIf(KINDS.length === 0)('two replicas', () => {
  it.concurrent.for(KINDS)(
    'lose and double no tick when the %s server itself is stopped and started again',
    { timeout: PATIENCE * RESTARTS },
    async (kind, context) => {
      const { expect, onTestFinished } = context;
      let kill = (): void => undefined;
      onTestFinished(() => kill());
      const server = await startPrivate(kind, binariesOf(kind)!, (how) => (kill = how));
      const world = await Cluster.open(
        replica.main,
        { kind, url: server.url, leaseMs: 3_000, pollMs: 500 },
        context,
      );
      const [first] = [await world.start(), await world.start()];
      const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 2_000);
      const endAt = new Date(startAt.getTime() + SPAN_MS);
      await first.add(randomJobs(30, startAt, endAt, SEED));

      await later(startAt.getTime() + 1_000 - Date.now());
      for (let restart = 0; restart < RESTARTS; restart++) {
        await server.halt();
        await later(1_000);
        await server.resume();
        await later(2_000);
      }
      await later(endAt.getTime() - Date.now());

      const auditor = await Auditor.open(world.store);
      await auditor.finished(60_000);
      const [jobs, runs] = [await auditor.jobs(), await auditor.runs()];
      await auditor.close();
      const span = { fromAt: startAt.getTime(), toAt: endAt.getTime() };
      expect(findFaults(jobs, runs, await world.effects(), span).join('\n')).toBe('');
      expect((await world.effects()).length).toBeGreaterThan(30);
      for (const { gone, answers } of world.replicas) {
        expect(gone).toBe(false);
        const published = answers.flatMap((answer) => (answer.kind === 'event' ? [answer.type] : []));
        expect(published).toEqual(expect.arrayContaining(['store.down', 'store.up']));
      }
    },
  );
});
