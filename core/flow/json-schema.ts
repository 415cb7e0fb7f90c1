import * as z from 'zod';
import { flowSchema } from './definition.ts';

/**
 * JSON Schema (draft 2020-12) of a flow as it is written, for editors: completion, descriptions, allowed values. What
 * one member says of another is not in it; `readFlow` checks that.
 */
export function flowJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(flowSchema, { io: 'input', reused: 'inline' });
  return { $schema, title: 'AppFlow flow definition', ...schema };
}
