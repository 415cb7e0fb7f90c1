/**
 * CloudFormation's intrinsic functions, as far as a template alone tells their value.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */

import { flowTime, flowTimeUpdaterType } from './flow-time-updater.ts';
import { type Given, isMembers, type Members, Unresolved, unresolvedIn } from './unresolved.ts';

export interface Template {
  readonly parameters: Members;
  readonly mappings: Members;
  readonly conditions: Members;
  readonly resources: Members;
}

export interface Resolver {
  /** The value with every function replaced by its result, or by an `Unresolved`. */
  value(value: unknown): unknown;
  /** Whether a condition of the template holds. */
  condition(name: string): boolean | Unresolved;
}

/** What `Ref` gives for resources whose name the template may fix, and where it does. */
const namedBy: Readonly<Record<string, readonly string[]>> = {
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::AppFlow::Flow': ['FlowName'],
  'AWS::AppFlow::ConnectorProfile': ['ConnectorProfileName'],
  'AWS::AppFlow::Connector': ['ConnectorLabel'],
  'AWS::Glue::Database': ['DatabaseInput', 'Name'],
  'AWS::Events::EventBus': ['Name'],
};

/** Stands for a member or item that is left out: `Ref AWS::NoValue`. */
const noValue = Symbol('AWS::NoValue');

/**
 * @param given values of parameters, pseudo parameters, resources (`Bucket`) and attributes (`Key.Arn`) that the
 *   template leaves open
 */
export function resolver(template: Template, given: Given): Resolver {
  /** Conditions and resources that are being resolved: a circle has no value. */
  const open = new Set<string>();
  const once = <T>(name: string, work: () => T): T | Unresolved => {
    if (open.has(name)) return new Unresolved(name, 'it refers to itself');
    open.add(name);
    try {
      return work();
    } finally {
      open.delete(name);
    }
  };

  const value = (input: unknown): unknown => {
    const made = resolve(input);
    return made === noValue ? undefined : made;
  };

  function resolve(input: unknown): unknown {
    if (typeof input === 'string') {
      return input.includes('{{resolve:')
        ? new Unresolved(
            input,
            'a dynamic reference is read when the stack is deployed; write its value here',
          )
        : input;
    }
    if (Array.isArray(input)) return input.map(resolve).filter((item) => item !== noValue);
    if (!isMembers(input)) return input;
    const [[name, argument] = ['', undefined], ...more] = Object.entries(input);
    if (more.length === 0 && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
      return call(name, argument);
    }
    return Object.fromEntries(
      Object.entries(input).flatMap(([key, member]) => {
        const made = resolve(member);
        return made === noValue ? [] : [[key, made]];
      }),
    );
  }

  function call(name: string, argument: unknown): unknown {
    switch (name) {
      case 'Ref':
        return ref(String(argument));
      case 'Fn::GetAtt':
        return attribute(Array.isArray(argument) ? argument.map(String).join('.') : String(argument));
      case 'Fn::Sub':
        return substitute(argument);
      case 'Fn::Join': {
        const [separator, list] = listOf(argument);
        const items = resolve(list);
        return known(name, [separator, items], () =>
          Array.isArray(items) ? items.map(String).join(String(separator)) : malformed(name),
        );
      }
      case 'Fn::Split': {
        const [separator, text] = listOf(argument).map(resolve);
        return known(name, [text], () => String(text).split(String(separator)));
      }
      case 'Fn::Select': {
        const [index, list] = listOf(argument).map(resolve);
        return known(name, [index], () => {
          if (list instanceof Unresolved) return list;
          const item: unknown = Array.isArray(list) ? list[Number(index)] : undefined;
          return item === undefined ? malformed(name) : item;
        });
      }
      case 'Fn::FindInMap': {
        const keys = listOf(argument).map(resolve);
        return known(name, keys, () => {
          const found = keys.reduce<unknown>(
            (at, key) => (isMembers(at) ? at[String(key)] : undefined),
            template.mappings,
          );
          return found === undefined
            ? new Unresolved(`${name} ${keys.join('.')}`, 'the mapping has no such entry')
            : found;
        });
      }
      case 'Fn::If': {
        const [which, yes, no] = listOf(argument);
        const holds = condition(String(which));
        if (holds instanceof Unresolved) return holds;
        return resolve(holds ? yes : no);
      }
      case 'Condition':
        return condition(String(argument));
      case 'Fn::Equals': {
        const [a, b] = listOf(argument).map(resolve);
        return known(name, [a, b], () => JSON.stringify(a) === JSON.stringify(b));
      }
      case 'Fn::Not': {
        const [holds] = listOf(argument).map(resolve);
        return known(name, [holds], () => holds !== true);
      }
      case 'Fn::And':
      case 'Fn::Or': {
        const all = listOf(argument).map(resolve);
        const decisive = name === 'Fn::Or';
        if (all.includes(decisive)) return decisive;
        return known(name, all, () => !decisive);
      }
      default:
        return new Unresolved(name, 'its value is known when the stack is deployed; write it here');
    }
  }

  function ref(name: string): unknown {
    if (name === 'AWS::NoValue') return noValue;
    const asked = given(name);
    const parameter = template.parameters[name];
    if (isMembers(parameter)) return parameterValue(name, parameter, asked);
    if (asked !== undefined) return asked;
    const resource = template.resources[name];
    const path = isMembers(resource) ? namedBy[String(resource.Type)] : undefined;
    const physical = path?.reduce<unknown>(
      (at, key) => (isMembers(at) ? at[key] : undefined),
      isMembers(resource) ? resource.Properties : undefined,
    );
    if (physical !== undefined) return once(`Ref ${name}`, () => resolve(physical));
    return unknownValue(`Ref ${name}`, name);
  }

  function parameterValue(name: string, parameter: Members, asked: string | undefined): unknown {
    const type = String(parameter.Type ?? 'String');
    // The default of such a parameter is the name of the stored one, not its value.
    const isStored = type.startsWith('AWS::SSM::Parameter::Value');
    const text = asked ?? (isStored ? undefined : parameter.Default);
    if (text === undefined) return unknownValue(`Ref ${name}`, name);
    const isList = type === 'CommaDelimitedList' || type.startsWith('List<') || type.includes('<List<');
    return isList
      ? String(text)
          .split(',')
          .map((item) => item.trim())
      : text;
  }

  function attribute(name: string): unknown {
    const [logicalId = '', member = ''] = name.split('.');
    const resource = template.resources[logicalId];
    const properties =
      isMembers(resource) && resource.Type === flowTimeUpdaterType && resolve(resource.Properties);
    const known = isMembers(properties) ? flowTime(member, properties) : undefined;
    return given(name) ?? known ?? unknownValue(`Fn::GetAtt ${name}`, name);
  }

  function substitute(argument: unknown): unknown {
    const [text, own = {}] = Array.isArray(argument) ? argument : [argument];
    if (typeof text !== 'string' || !isMembers(own)) return malformed('Fn::Sub');
    let missing: Unresolved | undefined;
    const made = text.replace(/\$\{([^}]*)\}/g, (_, hole: string) => {
      if (hole.startsWith('!')) return `\${${hole.slice(1)}}`;
      const name = hole.trim();
      const part = name in own ? resolve(own[name]) : name.includes('.') ? attribute(name) : ref(name);
      if (part instanceof Unresolved) missing ??= part;
      return String(part);
    });
    return missing ? new Unresolved(`Fn::Sub "${text}"`, `${missing.what}: ${missing.why}`) : resolve(made);
  }

  function condition(name: string): boolean | Unresolved {
    if (!(name in template.conditions))
      return new Unresolved(`Condition ${name}`, 'there is no such condition');
    const holds = once(`Condition ${name}`, () => resolve(template.conditions[name]));
    if (typeof holds === 'boolean') return holds;
    const why = holds instanceof Unresolved ? `${holds.what}: ${holds.why}` : 'it is neither true nor false';
    return new Unresolved(`Condition ${name}`, why);
  }

  return { value, condition };
}

function unknownValue(what: string, name: string): Unresolved {
  return new Unresolved(what, `the template does not tell it; give it with --parameters ${name}=VALUE`);
}

function malformed(name: string): Unresolved {
  return new Unresolved(name, 'not in the form that CloudFormation knows');
}

/** The result if all parts are known, else the first that is not. */
function known(name: string, parts: readonly unknown[], result: () => unknown): unknown {
  const missing = unresolvedIn(parts)[0]?.value;
  return missing ? new Unresolved(name, `${missing.what}: ${missing.why}`) : result();
}

function listOf(argument: unknown): readonly unknown[] {
  return Array.isArray(argument) ? argument : [argument];
}
