import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { every, Interval, SchedulerService } from '@carillon/scheduler';
import { LeasedMemoryStore } from '../engine/leased-memory.js';
import { createApp, rejection } from './testing-app.js';

/** A store that keeps the process alive between `open` and `close`, as a pool of connections does. */
class OpenStore extends LeasedMemoryStore {
  isOpen = false;
  override open(...session: Parameters<LeasedMemoryStore['open']>): void {
    this.isOpen = true;
    super.open(...session);
  }
  override close(...now: Parameters<LeasedMemoryStore['close']>): ReturnType<LeasedMemoryStore['close']> {
    this.isOpen = false;
    return super.close(...now);
  }
}

describe('a start that fails in another provider', () => {
  @Injectable()
  class FailingBootstrap implements OnApplicationBootstrap {
    @Interval('1s')
    tick(): void {}
    onApplicationBootstrap(): void {
      throw new Error('a bootstrap of yours fails');
    }
  }
  @Injectable()
  class FailingInit implements OnModuleInit {
    constructor(@Inject(SchedulerService) private readonly scheduler: SchedulerService) {}
    async onModuleInit(): Promise<void> {
      // The first call of the service opens the store.
      await this.scheduler.addJob({ trigger: every('1s'), handler: 'send' }).catch(() => {});
      throw new Error('an init of yours fails');
    }
  }
  @Injectable()
  class FailingDeclaration {
    @Interval('1s', { payload: { n: 1n } })
    tick(): void {}
  }

  it.each([
    [FailingBootstrap, 'a bootstrap of yours fails'],
    [FailingInit, 'an init of yours fails'],
    [FailingDeclaration, 'payload.n'],
  ])('closes the store, leaves no timer, and keeps its error: %o', async (provider, message) => {
    const store: OpenStore = new OpenStore(() => test.clock.now());
    const test = await createApp({ providers: [provider], options: { store } });
    const error = await rejection(test.app.init());
    expect(error.message).toContain(message);
    expect(store.isOpen).toBe(false);
    expect(test.clock.pendingTimers).toBe(0);
  });

  it('of which the application may be closed afterwards', async () => {
    const store: OpenStore = new OpenStore(() => test.clock.now());
    const test = await createApp({ providers: [FailingBootstrap], options: { store } });
    await rejection(test.app.init());
    await test.app.close();
    expect(store.isOpen).toBe(false);
  });
});
