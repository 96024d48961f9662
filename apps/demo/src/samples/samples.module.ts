import { Module } from '@nestjs/common';
import { PurgeService } from './purge.service.js';
import { SamplesController } from './samples.controller.js';
import { SamplesRepository } from './samples.repository.js';

@Module({
  controllers: [SamplesController],
  providers: [SamplesRepository, PurgeService],
  exports: [SamplesRepository],
})
export class SamplesModule {}
