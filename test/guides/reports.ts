import { Injectable } from '@nestjs/common';

interface Wish {
  customer: string;
  expression: string;
  timeZone: string;
}

/** What the program of docs/guides/coming-from-nestjs-schedule.md works with, before and after. */
@Injectable()
export class Reports {
  readonly done: string[] = [];
  /** Reports that are sent take this long. */
  takes: Promise<void> = Promise.resolve();
  broken = false;
  closed = false;
  wished: Wish[] = [{ customer: 'ana', expression: '0 0 9 * * MON-FRI', timeZone: 'Europe/Berlin' }];

  async wishes(): Promise<Wish[]> {
    return this.wished;
  }

  async send(customer: string): Promise<void> {
    await this.takes;
    this.done.push(`report ${customer}`);
  }

  check(customer: string): void {
    if (this.broken) throw new Error(`${customer} has no figures`);
    this.done.push(`check ${customer}`);
  }

  remind(customer: string): void {
    this.done.push(`remind ${customer}`);
  }

  onModuleDestroy(): void {
    this.closed = true;
  }
}
