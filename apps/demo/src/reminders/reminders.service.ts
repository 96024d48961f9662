import { Injectable } from '@nestjs/common';
import { type Job, JobHandler, type RunContext, SchedulerService } from '@carillon/scheduler';
import { type CreateReminderDto, triggerOf } from './create-reminder.dto.js';
import { type SendReminderDto, sendReminder } from './send-reminder.dto.js';

@Injectable()
export class RemindersService {
  constructor(private readonly scheduler: SchedulerService) {}

  add(reminder: CreateReminderDto): Promise<Job> {
    const { id, payload } = reminder;
    return this.scheduler.addJob({ id, trigger: triggerOf(reminder), handler: sendReminder, payload });
  }

  /** Returns the mail that a real service would send. */
  @JobHandler(sendReminder)
  send(run: RunContext<SendReminderDto>): string {
    const { message, to = 'everybody' } = run.payload;
    return `reminded ${to}: ${message}`;
  }
}
