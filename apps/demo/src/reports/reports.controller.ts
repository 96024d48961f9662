import { Controller, Get, NotFoundException } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ReportDto } from './report.dto.js';
import { ReportsService } from './reports.service.js';

@ApiTags('reports')
@Controller('reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get('latest')
  @ApiOkResponse({ type: ReportDto })
  @ApiNotFoundResponse({ description: 'No report has been built since the start.' })
  latest(): ReportDto {
    if (this.reports.latest === null) {
      throw new NotFoundException(
        'There is no report yet: the job "daily-report" builds one at 00:05, and POST /jobs/daily-report/run at once.',
      );
    }
    return this.reports.latest;
  }
}
