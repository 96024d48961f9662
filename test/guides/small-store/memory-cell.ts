import type { Cell } from './small-store.js';

/** A cell in memory. It outlives the stores that share it. */
export class MemoryCell implements Cell {
  private bytes: Buffer | null = null;
  private revision = 0;

  async read(): Promise<{ bytes: Buffer | null; revision: number }> {
    return { bytes: this.bytes, revision: this.revision };
  }

  async write(bytes: Buffer, revision: number): Promise<boolean> {
    if (revision !== this.revision) return false;
    this.bytes = bytes;
    this.revision++;
    return true;
  }

  async time(): Promise<number> {
    return Date.now();
  }
}
