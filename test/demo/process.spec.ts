import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasServer, serverUrl } from '../servers/ask.js';
import { DemoProcess, ROOT, runBuilt } from './demo-process.js';
import { Watched } from './watched.js';

const PATIENCE = 240_000;
/** Nest ends the process by the signal that it was sent, once all is closed. */
const ENDED_BY_CTRL_C = ['SIGINT', null];

/** Where the demos are started, so that their file is here. */
const folder = mkdtempSync(join(tmpdir(), 'carillon-demo-'));
afterAll(() => {
  for (const child of Watched.all) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

const run = (script: 'main' | 'check-jobs', env: NodeJS.ProcessEnv): Watched =>
  runBuilt(script, { STORE: 'memory', ...env }, folder);
const start = (env: NodeJS.ProcessEnv): Promise<DemoProcess> => DemoProcess.start(env, folder);

const hasPostgres = await hasServer('postgres');

describe('the demo as a process', () => {
  // Answers nothing until the test lets it, so that a run is at work when Ctrl-C comes.
  let askedSlow: (response: ServerResponse) => void;
  const slowAsked = new Promise<ServerResponse>((resolve) => (askedSlow = resolve));
  const slow = createServer((_request, response) => askedSlow(response));
  let demo: Watched;

  // The README's command, which also builds what the other tests run.
  beforeAll(async () => {
    await once(slow.listen(0, '127.0.0.1'), 'listening');
    const { port } = slow.address() as AddressInfo;
    const env = {
      ...{ PORT: '0', TARGETS: `slow=http://127.0.0.1:${port}`, TIMEZONE: 'Europe/Berlin' },
      STORE: `sqlite:${join(folder, 'started-by-npm.db')}`,
    };
    demo = Watched.start('npm', ['start'], env, ROOT);
    await demo.prints('The uptime monitor is at');
  }, PATIENCE);
  afterAll(() => slow.close());

  it(
    'shows where to look and its first runs, and drains on Ctrl-C',
    async () => {
      const where = await demo.prints('The uptime monitor is at');
      await demo.prints('00:05 Europe/Berlin');
      const [url] = /http:\S+\d/.exec(where)!;
      expect((await fetch(`${url}/health`)).status).toBe(200);

      const response = await slowAsked;
      demo.interrupt();
      await demo.prints('Shutting down: waiting for');
      response.end('here I am');
      await demo.prints('check-targets: health answered 200');
      await demo.prints('Stopped.');
      const { code, signal, output } = await demo.end();
      expect([signal, code]).toEqual(ENDED_BY_CTRL_C);
      expect(output).not.toContain('abandoned');
    },
    PATIENCE,
  );

  it.each([
    ['PORT', 'abc', 'Give a number'],
    ['PORT', '70000', 'Give a number'],
    ['TIMEZONE', 'Nowhere', 'Europe/Berlin'],
    ['TIMEZONE', 'Europe/Berlni', 'Did you mean Europe/Berlin?'],
    ['TIMEZONE', '+02:00', 'Europe/Berlin'],
    ['TARGETS', 'docs', 'http'],
    ['STORE', 'redis://localhost', 'sqlite:jobs.db'],
    ['STORE', 'sqlite:', 'sqlite:jobs.db'],
    ['STORE', '', 'sqlite:jobs.db'],
  ])(
    'says in one line that %s=%s cannot be',
    async (variable, value, remedy) => {
      const { code, output } = await run('main', { [variable]: value }).end();
      expect(code).toBe(1);
      expect(output.split('\n')).toHaveLength(1);
      expect(output).toContain(`${variable} is "${value}"`);
      expect(output).toContain(remedy);
    },
    PATIENCE,
  );

  it(
    'has its jobs checked without starting, and tells CI by its exit code',
    async () => {
      const right = await run('check-jobs', { TIMEZONE: 'Europe/Berlin' }).end();
      expect(right.code).toBe(0);
      expect(right.output).toContain('4 jobs, 0 errors, 0 warnings; the zone is Europe/Berlin.');
      const wrong = await run('check-jobs', { TIMEZONE: 'Nowhere' }).end();
      expect(wrong.code).toBe(1);
      expect(wrong.output).toContain(
        'error: SchedulerModule: The environment variable TIMEZONE is "Nowhere"',
      );
    },
    PATIENCE,
  );

  it(
    'says that its port is taken',
    async () => {
      const other = createServer().listen(0);
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const { code, output } = await run('main', { PORT: String(port) }).end();
      expect(code).toBe(1);
      expect(output).toContain(`The port ${port} is taken.`);
      expect(output).not.toContain(' at ');
      other.close();
    },
    PATIENCE,
  );

  it(
    'says that its database cannot be reached, and keeps the password to itself',
    async () => {
      const { code, output } = await run('main', { STORE: 'postgres://demo:secret@127.0.0.1:1/x' }).end();
      expect(code).toBe(1);
      expect(output.split('\n').at(-1)).toMatch(
        /STORE is "postgres:\/\/demo:…@127.0.0.1:1\/x".*ECONNREFUSED/,
      );
      expect(output).not.toContain('secret');
    },
    PATIENCE,
  );

  it(
    'has its reminders still, in jobs.db where it is started, after Ctrl-C and another start',
    async () => {
      const before = await start({ STORE: undefined });
      await before.remind('certificate', '1s');
      await before.output.prints('certificate: reminded everybody');
      await before.interrupt();
      expect(readdirSync(folder)).toContain('jobs.db');

      const after = await start({ STORE: undefined });
      await after.output.prints('certificate: reminded everybody');
      const runs = await after.runsOf('certificate');
      expect(runs.length).toBeGreaterThan(1);
      expect(new Set(runs.map(({ scheduledAt }) => scheduledAt)).size).toBe(runs.length);
      await after.interrupt();
    },
    PATIENCE,
  );

  it(
    'takes up the run that kill -9 ended, as its second attempt',
    async () => {
      let asked!: () => void;
      const firstAsked = new Promise<void>((resolve) => (asked = resolve));
      let calls = 0;
      // The first call is never answered.
      const target = createServer(
        (_request, response) => void ((calls += 1) === 1 ? asked() : response.end()),
      );
      await once(target.listen(0, '127.0.0.1'), 'listening');
      const env = {
        STORE: 'sqlite:killed.db',
        TARGETS: `target=http://127.0.0.1:${(target.address() as AddressInfo).port}`,
      };

      const killed = await start(env);
      await firstAsked;
      await killed.kill();

      const next = await start(env);
      await next.output.prints('(attempt 2)');
      const [first] = (await next.runsOf('check-targets')).toReversed();
      expect(first).toMatchObject({
        outcome: 'succeeded',
        attempts: [
          { attempt: 1, result: 'abandoned' },
          { attempt: 2, result: 'succeeded' },
        ],
      });
      await next.kill();
      target.close();
    },
    PATIENCE,
  );

  it.runIf(hasPostgres)(
    'shares its work with a second process on PostgreSQL, each tick once, and goes on when one is killed',
    async () => {
      const database = `demo_${process.pid}`;
      const admin = new pg.Client(await serverUrl('postgres'));
      await admin.connect();
      await admin.query(`create database ${database}`);
      const url = new URL(await serverUrl('postgres'));
      url.pathname = `/${database}`;

      // Together, so that both want to make the tables.
      const both = await Promise.all([start({ STORE: url.href }), start({ STORE: url.href })]);
      const [one, other] = both;
      const ids = Array.from({ length: 12 }, (_, i) => `shared-${i}`);
      for (const id of ids) await one.remind(id, '1s');
      await Promise.all(both.map(({ output }) => output.prints('reminded everybody')));

      await one.kill();
      const heard = other.output.lines.length;
      await Promise.all(ids.map((id) => other.output.prints(`${id}: reminded`, heard)));
      await other.interrupt();

      const reader = new pg.Client(url.href);
      await reader.connect();
      const { rows } = await reader.query<{ tick: string; outcome: string | null; attempt: string }>(
        `select job_id || ' at ' || scheduled_at as tick, outcome, attempt from carillon.history where job_id like 'shared-%'`,
      );
      await reader.end();
      expect(new Set(rows.map(({ tick }) => tick)).size).toBe(rows.length);
      // A run that was at work on the killed one has succeeded on the other; nothing else ran twice.
      const done = rows.filter(({ outcome }) => outcome === 'succeeded').length;
      const reminded = both.flatMap(({ output }) => output.lines.filter((line) => line.includes('reminded')));
      expect(reminded.length).toBeLessThanOrEqual(done);
      expect(reminded.length).toBeGreaterThanOrEqual(done - ids.length);
      expect(rows.filter(({ outcome }) => outcome === null)).toEqual([]);
      await admin.query(`drop database ${database} with (force)`);
      await admin.end();
    },
    PATIENCE,
  );
});
