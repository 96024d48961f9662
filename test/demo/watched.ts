import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process whose output is awaited line by line. */
export class Watched {
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly exited: Promise<unknown[]>;
  private gone = false;

  static readonly all: Watched[] = [];

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.notify();
      });
    }
    this.exited = once(child, 'close');
    void this.exited.then(() => {
      this.gone = true;
      this.notify();
    });
  }

  /** As the leader of a group of its own. An environment variable that is undefined is left out. */
  static start(command: string, args: string[], env: NodeJS.ProcessEnv, cwd: string): Watched {
    const whole = { ...process.env, NO_COLOR: '1', ...env };
    const watched = new Watched(spawn(command, args, { cwd, detached: true, env: whole }));
    this.all.push(watched);
    return watched;
  }

  /** Resolves once the output has the text, after its first `skipped` lines. */
  async prints(text: string, skipped = 0): Promise<string> {
    for (;;) {
      const line = this.lines.slice(skipped).find((candidate) => candidate.includes(text));
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

  /** As `kill -9`. */
  kill(): void {
    if (!this.gone) process.kill(-this.child.pid!, 'SIGKILL');
  }

  private notify(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
