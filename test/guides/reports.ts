import { Injectable } from '@nestjs/common';

/** What the program of docs/guides/coming-from-nestjs-schedule.md works with, before and after. */
@Injectable()
export class Reports {
  readonly done: string[] = [];
  /** Reports that are sent take this long. */
  takes: Promise<void> = Promise.resolve();
  broken = false;
  closed = false;

  async wishes(): Promise<{ customer: string; expression: string; timeZone: string }[]> {
    return [{ customer: 'ana', expression: '0 0 9 * * MON-FRI', timeZone: 'Europe/Berlin' }];
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
