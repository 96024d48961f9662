import { Module } from '@nestjs/common';
import { SamplesModule } from '../samples/samples.module.js';
import { ReportsController } from './reports.controller.js';
import { ReportsService } from './reports.service.js';

@Module({
  imports: [SamplesModule],
  controllers: [ReportsController],
  providers: [ReportsService],
})
export class ReportsModule {}
