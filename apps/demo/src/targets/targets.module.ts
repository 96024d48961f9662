import { Module } from '@nestjs/common';
import { FlakyController } from './flaky.controller.js';
import { HealthController } from './health.controller.js';
import { Targets } from './targets.js';

@Module({
  controllers: [HealthController, FlakyController],
  providers: [Targets],
  exports: [Targets],
})
export class TargetsModule {}
