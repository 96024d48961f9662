import { Module } from '@nestjs/common';
import { SamplesModule } from '../samples/samples.module.js';
import { TargetsModule } from '../targets/targets.module.js';
import { ChecksService } from './checks.service.js';

@Module({
  imports: [TargetsModule, SamplesModule],
  providers: [ChecksService],
})
export class ChecksModule {}
