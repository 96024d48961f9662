import { BadRequestException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { at, cron, every, type Trigger } from '@carillon/scheduler';
import { Type } from 'class-transformer';
import {
  IsDefined,
  IsISO8601,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { SendReminderDto } from './send-reminder.dto.js';

/** Seconds, as with POST /schedule, or a duration as a text. */
function intervalTrigger(interval: number | string): Trigger {
  return every(typeof interval === 'number' ? { seconds: interval } : interval);
}

function isInterval(value: unknown): boolean {
  try {
    intervalTrigger(value as number | string);
    return true;
  } catch {
    return false;
  }
}

const IsInterval = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInterval',
    validator: {
      validate: (value) => (typeof value === 'number' || typeof value === 'string') && isInterval(value),
      defaultMessage: () =>
        "interval must be a number of seconds over 0 or a duration such as '15m' or '1h30m'",
    },
  });

/** A reminder: when, by exactly one of cron, interval and date, and what. */
export class CreateReminderDto {
  @ApiPropertyOptional({ example: 'certificate', description: 'The id of its job; made up when left out.' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  id?: string;

  @ApiPropertyOptional({ example: '0 9 * * MON-FRI' })
  @IsOptional()
  @IsString()
  cron?: string;

  @ApiPropertyOptional({
    example: 'Europe/Berlin',
    description: 'For cron; the configured zone when left out.',
  })
  @IsOptional()
  @IsString()
  timezone?: string;

  @ApiPropertyOptional({
    example: '15m',
    description: "Seconds as a number, or a duration such as '15m' or '1h30m'.",
  })
  @IsOptional()
  @IsInterval()
  interval?: number | string;

  @ApiPropertyOptional({
    example: '2027-03-28T09:00:00+02:00',
    description: 'An instant; in the past it is due at once.',
  })
  @IsOptional()
  @IsISO8601({ strict: true })
  date?: string;

  @ApiProperty({ type: SendReminderDto })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => SendReminderDto)
  payload!: SendReminderDto;
}

/** @throws BadRequestException naming the fields; InvalidCronError and others of the library as they are */
export function triggerOf({ cron: expression, timezone, interval, date }: CreateReminderDto): Trigger {
  const given = Object.entries({ cron: expression, interval, date }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ');
    throw new BadRequestException([
      `exactly one of cron, interval and date must be given, not ${names || 'none'}`,
    ]);
  }
  if (timezone !== undefined && expression === undefined) {
    throw new BadRequestException([
      'timezone goes with cron only: an interval needs none, and a date names its own',
    ]);
  }
  if (expression !== undefined) return cron(expression, { timezone });
  return date === undefined
    ? every(typeof interval === 'number' ? { seconds: interval } : interval!)
    : at(date);
}
