import { type INestApplication, ValidationPipe } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Responds with 400 to an invalid, missing or unknown field, and names it. */
export function checkInput(app: INestApplication): void {
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
}

/** Serves the API's description at /docs, and as JSON at /docs-json. */
export function describeApi(app: INestApplication): void {
  const about = new DocumentBuilder()
    .setTitle('Uptime monitor')
    .setDescription('The demo of Carillon, the job scheduler for NestJS.')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about));
}
