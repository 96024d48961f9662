import { Body, Controller, Post } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { JobDto } from '../jobs/job.dto.js';
import { CreateReminderDto } from './create-reminder.dto.js';
import { RemindersService } from './reminders.service.js';

@ApiTags('reminders')
@Controller('reminders')
export class RemindersController {
  constructor(private readonly reminders: RemindersService) {}

  @Post()
  @ApiCreatedResponse({ type: JobDto })
  @ApiBadRequestResponse({ description: 'The message names the field.' })
  @ApiConflictResponse({ description: 'A job has this id.' })
  @ApiUnprocessableEntityResponse({
    description: 'The cron expression, time zone or duration cannot be read.',
  })
  async create(@Body() reminder: CreateReminderDto): Promise<JobDto> {
    return JobDto.from(await this.reminders.add(reminder));
  }
}
