import type { TestDefinition } from '../definition.ts';

export const trueTest: TestDefinition = { name: 'true', rfc: 'RFC 5228 §5.10', arguments: {}, run: () => true };
export const falseTest: TestDefinition = { name: 'false', rfc: 'RFC 5228 §5.6', arguments: {}, run: () => false };
