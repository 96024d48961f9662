import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';

/**
 * One entry for each call, in a cycle. A check makes up to three attempts, so its runs succeed: at
 * once; at the second attempt; after a timeout; not at all.
 */
const BEHAVIOUR = ['ok', 'error', 'ok', 'slow', 'ok', 'error', 'error', 'error'] as const;
/** Longer than the check's timeout. */
const SLOW_MS = 5_000;

@ApiTags('targets')
@Controller('flaky')
export class FlakyController {
  private calls = 0;

  @Get()
  @ApiOperation({ summary: 'Fails every few calls, and is too slow now and then.' })
  @ApiOkResponse({ schema: { example: { call: 1 } } })
  @ApiServiceUnavailableResponse()
  async answer(): Promise<{ call: number }> {
    const call = (this.calls += 1);
    const behaviour = BEHAVIOUR[(call - 1) % BEHAVIOUR.length];
    if (behaviour === 'error') throw new ServiceUnavailableException(`Call ${call} fails on purpose.`);
    // The caller has timed out by then, so the delay must not keep the process alive.
    if (behaviour === 'slow') await delay(SLOW_MS, undefined, { ref: false });
    return { call };
  }
}
