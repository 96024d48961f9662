import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = 'dist/apps/demo/src/main.js';
const CHECK = 'dist/apps/demo/src/check-jobs.js';
const PATIENCE = 240_000;
/** Nest ends the process by the signal that it was sent, once all is closed. */
const ENDED_BY_CTRL_C = ['SIGINT', null];

/** A process whose output is awaited line by line. */
class Watched {
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly exited: Promise<unknown[]>;
  private gone = false;

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.tell();
      });
    }
    this.exited = once(child, 'close');
    void this.exited.then(() => {
      this.gone = true;
      this.tell();
    });
  }

  /** Resolves once the output has the text. */
  async prints(text: string): Promise<string> {
    for (;;) {
      const line = this.lines.find((candidate) => candidate.includes(text));
      if (line !== undefined) return line;
      if (this.gone) throw new Error(`It ended without printing "${text}":\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** As Ctrl-C in a terminal: to the whole group. */
  interrupt(): void {
    process.kill(-this.child.pid!, 'SIGINT');
  }

  async end(): Promise<{ code: number | null; signal: string | null; output: string }> {
    const [code, signal] = (await this.exited) as [number | null, string | null];
    return { code, signal, output: this.lines.join('\n') };
  }

  kill(): void {
    if (!this.gone) process.kill(-this.child.pid!, 'SIGKILL');
  }

  private tell(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

const started: Watched[] = [];
afterAll(() => {
  for (const child of started) child.kill();
});

function run(command: string, args: string[], env: NodeJS.ProcessEnv): Watched {
  const child = spawn(command, args, {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const watched = new Watched(child);
  started.push(watched);
  return watched;
}

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
    const env = { PORT: '0', TARGETS: `slow=http://127.0.0.1:${port}`, TIMEZONE: 'Europe/Berlin' };
    demo = run('npm', ['start'], env);
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
  ])(
    'says in one line that %s=%s cannot be',
    async (variable, value, remedy) => {
      const { code, output } = await run(process.execPath, [MAIN], { [variable]: value }).end();
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
      const right = await run(process.execPath, [CHECK], { TIMEZONE: 'Europe/Berlin' }).end();
      expect(right.code).toBe(0);
      expect(right.output).toContain('4 jobs, 0 errors, 0 warnings; the zone is Europe/Berlin.');
      const wrong = await run(process.execPath, [CHECK], { TIMEZONE: 'Nowhere' }).end();
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
      const { code, output } = await run(process.execPath, [MAIN], { PORT: String(port) }).end();
      expect(code).toBe(1);
      expect(output).toContain(`The port ${port} is taken.`);
      expect(output).not.toContain(' at ');
      other.close();
    },
    PATIENCE,
  );
});
