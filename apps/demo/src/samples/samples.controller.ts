import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { SampleDto, SamplesQueryDto } from './sample.dto.js';
import { SamplesRepository } from './samples.repository.js';

@ApiTags('samples')
@Controller('samples')
export class SamplesController {
  constructor(private readonly samples: SamplesRepository) {}

  /** Newest first. */
  @Get()
  @ApiOkResponse({ type: [SampleDto] })
  latest(@Query() query: SamplesQueryDto): SampleDto[] {
    return this.samples.latest(query.limit ?? 100, query.target);
  }
}
