import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AnySchema, ValidateFunction } from 'ajv';
import type { SchemaGenerator } from 'ts-json-schema-generator';

/** The SDK's files that declare the parameters we send. */
const RESOURCES = ['Customers', 'PaymentIntents', 'PaymentMethods', 'Refunds', 'SetupIntents'];

/**
 * Holds request parameters against the SDK's own types: a misspelt or invented field is named. Forms are text, so numbers
 * and booleans are read from it as Stripe does.
 */
export async function stripeShapes(): Promise<(shape: string, params: object) => string | undefined> {
  // Loaded by who asks: every other test would wait for a compiler it does not need.
  const [{ Ajv }, { createGenerator }] = await Promise.all([import('ajv'), import('ts-json-schema-generator')]);
  const resources = join(dirname(createRequire(import.meta.url).resolve('stripe')), '../esm/resources');
  let generator: SchemaGenerator | undefined;
  const ajv = new Ajv({ coerceTypes: true, strict: false });
  const validators = new Map<string, ValidateFunction>();
  const validator = (shape: string): ValidateFunction => {
    const known = validators.get(shape);
    if (known) return known;
    generator ??= createGenerator({
      path: join(resources, `{${RESOURCES.join(',')}}.d.ts`),
      skipTypeCheck: true,
      additionalProperties: false,
      expose: 'none',
      topRef: false,
      jsDoc: 'none',
    });
    const made = ajv.compile({ ...generator.createSchema(shape) } as AnySchema);
    validators.set(shape, made);
    return made;
  };
  return (shape, params) => {
    const validate = validator(shape);
    // Coercion writes into what it reads.
    if (validate(structuredClone(params))) return undefined;
    const [error] = validate.errors ?? [];
    const extra = error?.params['additionalProperty'] ?? '';
    return `${error?.instancePath ?? ''} ${error?.message ?? 'wrong'} ${extra}`.trim();
  };
}
