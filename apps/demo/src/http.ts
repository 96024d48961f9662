import { type INestApplication, ValidationPipe } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** What every door of the demo needs, be it Express or Fastify: checked input, and its description at /docs. */
export function configureHttp(app: INestApplication): void {
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  const about = new DocumentBuilder()
    .setTitle('Uptime monitor')
    .setDescription('The demo of Carillon, the job scheduler for NestJS.')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about));
}
