import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { defineHandler } from '@carillon/scheduler';

/** The payload of a reminder. */
export class SendReminderDto {
  @ApiProperty({ example: 'Renew the certificate' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  message!: string;

  @ApiPropertyOptional({ example: 'ops@example.org' })
  @IsOptional()
  @IsEmail()
  to?: string;
}

export const sendReminder = defineHandler('send-reminder', SendReminderDto);
