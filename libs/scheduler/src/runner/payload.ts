import { type HandlerDefinition, PayloadInvalidError } from '../model/index.js';

type Validation = {
  toInstance: (payloadClass: new (...args: never[]) => object, plain: unknown) => object;
  validate: (instance: object) => Promise<ValidationFailure[]>;
};

interface ValidationFailure {
  property: string;
  constraints?: Record<string, string>;
  children?: ValidationFailure[];
}

let validation: Promise<Validation> | null = null;

/**
 * Returns the payload as an instance of the definition's class, checked by its class-validator
 * decorators. Unknown properties are refused.
 *
 * @throws PayloadInvalidError naming the first property at fault
 */
export async function checkPayload(definition: HandlerDefinition<never>, payload: unknown): Promise<unknown> {
  const { payloadClass, name } = definition;
  if (payloadClass === null) return payload;
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new PayloadInvalidError(
      'payload',
      `of the handler "${name}" is not an object`,
      `Give the properties of ${payloadClass.name}.`,
    );
  }
  const { toInstance, validate } = await (validation ??= loadValidation());
  const instance = toInstance(payloadClass, payload);
  const failure = firstFailure(await validate(instance), 'payload');
  if (failure)
    throw new PayloadInvalidError(
      failure.path,
      failure.problem,
      `The handler "${name}" takes a ${payloadClass.name}.`,
    );
  return instance;
}

/** Loads both packages when a payload class is first used; applications without one need neither. */
async function loadValidation(): Promise<Validation> {
  const [{ plainToInstance }, { validate }] = await Promise.all([
    import('class-transformer'),
    import('class-validator'),
  ]);
  return {
    toInstance: (payloadClass, plain) => plainToInstance(payloadClass as new () => object, plain),
    validate: (instance) => validate(instance, { whitelist: true, forbidNonWhitelisted: true }),
  };
}

function firstFailure(failures: ValidationFailure[], path: string): { path: string; problem: string } | null {
  for (const { property, constraints, children } of failures) {
    const here = `${path}.${property}`;
    const [message] = Object.values(constraints ?? {});
    if (message !== undefined) return { path: here, problem: `is invalid: ${message}` };
    const inner = firstFailure(children ?? [], here);
    if (inner) return inner;
  }
  return null;
}
