/**
 * The types of a module's variables, as far as they change a value: what an object may leave out, sets, and texts for
 * numbers. https://developer.hashicorp.com/terraform/language/expressions/type-constraints
 */

import { type ExpressionNode, evaluate, type ParseExpression, type Scope } from './terraform-expression.ts';
import { asSet } from './terraform-functions.ts';
import { isMembers, type Members, Unresolved } from './unresolved.ts';

/** @param typeText a variable's `type`: `${map(object({ name = optional(string, "x") }))}` */
export async function typed(value: unknown, typeText: unknown, parse: ParseExpression): Promise<unknown> {
  const node =
    typeof typeText === 'string' ? await parse(typeText.replace(/^\$\{(.*)\}$/s, '$1')) : undefined;
  return node ? converted(value, node, parse) : value;
}

/** Defaults of optional members name nothing. */
const noNames: Scope = {
  reference: async (_, text) => new Unresolved(text, 'a default within a type cannot refer to it'),
};

async function converted(value: unknown, type: ExpressionNode, parse: ParseExpression): Promise<unknown> {
  if (value === null || value instanceof Unresolved) return value;
  const [inner] = type.children;
  const each = async (members: readonly unknown[]): Promise<unknown[]> => {
    const made: unknown[] = [];
    for (const member of members) made.push(inner ? await converted(member, inner, parse) : member);
    return made;
  };
  switch (String(type.meta?.name ?? type.meta?.value)) {
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    case 'number':
      return typeof value === 'string' && value !== '' && Number.isFinite(Number(value))
        ? Number(value)
        : value;
    case 'bool':
      return value === 'true' || value === 'false' ? value === 'true' : value;
    case 'list':
      return Array.isArray(value) ? each(value) : value;
    case 'set':
      return Array.isArray(value) ? asSet(await each(value)) : value;
    case 'map': {
      if (!isMembers(value)) return value;
      const names = Object.keys(value);
      const members = await each(names.map((name) => value[name]));
      return Object.fromEntries(names.map((name, i) => [name, members[i]]));
    }
    case 'object':
      return isMembers(value) ? ofObject(value, inner, parse) : value;
    default:
      return value;
  }
}

/** The members that the type has, and no others. */
async function ofObject(
  value: Members,
  type: ExpressionNode | undefined,
  parse: ParseExpression,
): Promise<Members> {
  const members = isMembers(type?.meta?.items) ? type.meta.items : {};
  const made: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(members)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    const node = await parse(String(text));
    if (!node) continue;
    const isOptional = node.meta?.name === 'optional';
    const [memberType = node, fallback] = isOptional ? node.children : [];
    if (given !== undefined && (given !== null || fallback === undefined)) {
      made[name] = await converted(given, memberType, parse);
    } else if (isOptional) {
      made[name] = fallback
        ? await converted(await evaluate(fallback, noNames, parse), memberType, parse)
        : null;
    }
  }
  return made;
}
