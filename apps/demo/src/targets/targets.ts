import type { Server } from 'node:http';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from '../settings.js';
import type { Target } from './target.js';

/** The targets of the checks. */
@Injectable()
export class Targets {
  constructor(
    private readonly settings: Settings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The demo's own health, and those of TARGETS. */
  steady(): Target[] {
    return [{ name: 'health', url: `${this.ownUrl()}/health` }, ...this.settings.targets];
  }

  /** The demo's own endpoint that fails now and then. */
  flaky(): Target {
    return { name: 'flaky', url: `${this.ownUrl()}/flaky` };
  }

  private ownUrl(): string {
    const address = (this.adapterHost.httpAdapter.getHttpServer() as Server).address();
    if (address === null || typeof address === 'string') {
      throw new Error('The demo does not listen on a port yet, so it cannot check itself.');
    }
    return `http://127.0.0.1:${address.port}`;
  }
}
