import type { Field } from '../../core/connector/fields.ts';
import type { SourceField } from '../../core/records.ts';

/** What a flow is told of a declared field. */
export function describedField(
  name: string,
  { type, label, description, precision, scale }: Field,
): SourceField {
  return {
    name,
    type,
    ...(label === undefined ? {} : { label }),
    ...(description === undefined ? {} : { description }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
  };
}
