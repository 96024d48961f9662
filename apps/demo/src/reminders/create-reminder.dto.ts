import { BadRequestException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { at, cron, every, type Trigger } from '@carillon/scheduler';
import { Type } from 'class-transformer';
import {
  IsDefined,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { SendReminderDto } from './send-reminder.dto.js';

/** A number is seconds, as with POST /schedule; a string is a duration. */
function intervalTrigger(interval: number | string): Trigger {
  return every(typeof interval === 'number' ? { seconds: interval } : interval);
}

/** Checks that `make` accepts the value. The library's own message would name its argument, not this field. */
function Makes(make: (value: never) => Trigger, expected: string): PropertyDecorator {
  const validate = (value: unknown): boolean => {
    try {
      make(value as never);
      return true;
    } catch {
      return false;
    }
  };
  return ValidateBy({
    name: 'makesTrigger',
    validator: { validate, defaultMessage: () => `$property must be ${expected}` },
  });
}

/** A reminder with exactly one of cron, interval and date. */
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
  @Makes(intervalTrigger, "a number of seconds over 0 or a duration such as '15m' or '1h30m'")
  interval?: number | string;

  @ApiPropertyOptional({
    example: '2027-03-28T09:00:00+02:00',
    description: 'An instant; in the past it is due at once.',
  })
  @IsOptional()
  @IsString()
  @Makes(at, 'an instant that names its zone, such as 2027-03-28T09:00:00+02:00')
  date?: string;

  @ApiProperty({ type: SendReminderDto })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => SendReminderDto)
  payload!: SendReminderDto;
}

/** @throws BadRequestException naming the fields; the library's InvalidCronError and others */
export function triggerOf(reminder: CreateReminderDto): Trigger {
  // Null counts as left out.
  const { cron: expression = null, interval = null, date = null, timezone = null } = reminder;
  const given = Object.entries({ cron: expression, interval, date }).filter(([, value]) => value !== null);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ') || 'none';
    throw new BadRequestException([`exactly one of cron, interval and date must be given, not ${names}`]);
  }
  if (expression !== null) return cron(expression, timezone === null ? {} : { timezone });
  if (timezone !== null) {
    throw new BadRequestException(['timezone goes with cron: an interval needs none, a date names its own']);
  }
  return date === null ? intervalTrigger(interval!) : at(date);
}
