import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { build } from 'vite';
import type { EffectsTarget } from './effects/effects-connection.js';
import { EffectsTable } from './effects/effects-table.js';
import type { Answer, Command, Effect, JobOrder, ReplicaSettings } from './replica/protocol.js';
import type { StoreSettings } from './replica/store-of.js';
import { findFaketime, WallClock } from './wall-clock.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles the replica, or another program, once for a test file; answers the folder to remove at its end. */
export async function compileReplica(
  program = 'test/cluster/replica/main.ts',
): Promise<{ main: string; remove: () => void }> {
  // Below node_modules, so that packages resolve from there and git does not see it.
  const outDir = join(ROOT, `node_modules/.cache/carillon-replica-${process.pid}`);
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    resolve: { tsconfigPaths: true },
    build: {
      ssr: true,
      target: 'node20',
      outDir,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: { input: { main: join(ROOT, program) } },
    },
  });
  return { main: join(outDir, 'main.js'), remove: () => rmSync(outDir, { recursive: true, force: true }) };
}

/** One process of the application. */
export class Replica {
  readonly answers: Answer[] = [];
  private readonly waiting = new Set<() => void>();
  readonly exited: Promise<unknown>;
  gone = false;

  constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    private readonly clock: WallClock | null,
  ) {
    child.on('message', (answer: Answer) => {
      this.answers.push(answer);
      this.notify();
    });
    this.exited = once(child, 'exit').then(() => {
      this.gone = true;
      this.clock?.clear(child.pid!);
      this.notify();
    });
  }

  /** Resolves with the first answer that fits, also one that came before. */
  async answered(fits: (answer: Answer) => boolean, after = 0): Promise<void> {
    while (!this.answers.slice(after).some(fits)) {
      if (this.gone) throw new Error(`${this.name} ended before it answered.`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  async add(jobs: JobOrder[]): Promise<void> {
    await this.order({ kind: 'add', jobs }, 'added');
  }

  async stepClock(ms: number): Promise<void> {
    if (this.clock !== null) this.clock.step(ms);
    else await this.order({ kind: 'stepClock', ms }, 'stepped');
  }

  /** As a deploy would: with time to drain. */
  async stop(): Promise<void> {
    if (!this.gone) this.child.send({ kind: 'stop' } satisfies Command);
    await this.exited;
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    if (!this.gone) this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Holds the process still, as a long pause of its machine would. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  private async order(command: Command, answer: Answer['kind']): Promise<void> {
    const before = this.answers.length;
    this.child.send(command);
    await this.answered(({ kind }) => kind === answer, before);
  }

  private notify(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

interface ReplicaOptions extends Partial<Pick<ReplicaSettings, 'crashAt'>> {
  store?: Partial<StoreSettings>;
  /** How far its wall clock is off, in whole seconds; it can then be stepped. */
  clockAheadMs?: number;
}

/** Replicas that share a store, and what their handlers did. */
export class Cluster {
  readonly replicas: Replica[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'carillon-cluster-'));
  private started = 0;

  /** @param url the server itself, where the store goes through a proxy */
  static async open(
    main: string,
    store: StoreSettings,
    test: Pick<TestContext, 'onTestFinished'>,
    url = store.url,
  ): Promise<Cluster> {
    const target = targetOfEffects({ ...store, url });
    const table = new EffectsTable(target);
    await table.make();
    test.onTestFinished(async () => {
      await table.drop();
      await table.close();
    });
    return new Cluster(main, store, target, table, test);
  }

  private constructor(
    private readonly main: string,
    readonly store: StoreSettings,
    private readonly target: EffectsTarget,
    private readonly table: EffectsTable,
    { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  ) {
    onTestFinished(async () => {
      for (const replica of this.replicas) {
        replica.thaw();
        await replica.kill();
      }
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Starts a replica, and resolves once it is bootstrapped (or dead, when it is to crash). */
  async start(
    { clockAheadMs, ...settings }: ReplicaOptions = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<Replica> {
    const name = `replica-${++this.started}`;
    const library = clockAheadMs === undefined ? null : findFaketime();
    const clock = library === null ? null : new WallClock(library, this.file(`${name}.clock`), clockAheadMs!);
    const clockEnv = clock?.env ?? { CLOCK_OFFSET_MS: String(clockAheadMs ?? 0) };
    const all: ReplicaSettings = {
      ...settings,
      name,
      store: { ...this.store, ...settings.store },
      effects: this.target,
      crashedFile: join(this.folder, 'crashed'),
    };
    const child = fork(this.main, {
      env: { ...process.env, ...clockEnv, ...env, REPLICA_SETTINGS: JSON.stringify(all) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const replica = new Replica(name, child, clock);
    this.replicas.push(replica);
    if (settings.crashAt === undefined) await replica.answered(({ kind }) => kind === 'ready');
    return replica;
  }

  get crashed(): boolean {
    return existsSync(join(this.folder, 'crashed'));
  }

  /** What handlers did, in the order in which they did it. */
  effects(): Promise<Effect[]> {
    return this.table.read();
  }

  /** A path of the test's own, removed at its end. */
  file(name: string): string {
    return join(this.folder, name);
  }
}

/** Beside the store's tables, in a file of its own on SQLite: it takes none of the store's locks. */
function targetOfEffects({ kind, url, schema, prefix = '' }: StoreSettings): EffectsTarget {
  if (kind === 'sqlite')
    return { kind, url: join(dirname(url), 'effects.db'), schema: null, table: 'effects' };
  if (kind === 'postgres') return { kind, url, schema: schema ?? 'public', table: 'effects' };
  return { kind, url, schema: null, table: `${prefix}effects` };
}
