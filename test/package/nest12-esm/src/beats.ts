import { Injectable, Module } from '@nestjs/common';
import { Interval, SchedulerModule, SchedulerService } from '@carillon/scheduler';

@Injectable()
export class Beats {
  count = 0;

  constructor(readonly scheduler: SchedulerService) {}

  @Interval(50)
  beat(): void {
    this.count += 1;
  }
}

@Module({ imports: [SchedulerModule.forRoot()], providers: [Beats] })
export class BeatsModule {}
