import { DriverMissingError } from './errors.js';

/**
 * The default export of a CommonJS package, under import and require alike.
 *
 * @throws DriverMissingError when it is not installed
 */
export async function loadDriver<T>(name: string, load: () => Promise<unknown>, forWhat: string): Promise<T> {
  try {
    return defaultOf(await load()) as T;
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new DriverMissingError(
      [name],
      `The package "${name}" is not installed, which ${forWhat} needs.`,
      `Install it: npm install ${name}`,
      { cause: error },
    );
  }
}

/** False for a missing dependency of an installed package. Vite words its error otherwise. */
export function isMissing(error: unknown, name: string): boolean {
  const { code, message = '' } = error as { code?: string; message?: string };
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return (notFound && message.includes(`'${name}'`)) || message.startsWith(`Could not resolve "${name}"`);
}

export function defaultOf(loaded: unknown): unknown {
  const module = loaded as { default?: { default?: unknown } };
  return module.default?.default ?? module.default ?? module;
}
