/** The flows and connector profiles of a CloudFormation template. CDK apps synthesise such templates. */

import { cloudFormationFlow } from './flow-resource.ts';
import type { Found } from './found.ts';
import { resolver } from './intrinsics.ts';
import { foundProfile } from './profile-resource.ts';
import { type Given, isMembers, type Members, Unresolved } from './unresolved.ts';

/** Whether a document is a template. */
export function isTemplate(document: unknown): document is Members {
  return isMembers(document) && isMembers(document.Resources);
}

/** @param given see `resolver` */
export function foundInTemplate(template: Members, fileName: string, given: Given): Found[] {
  const part = (name: string): Members => {
    const members = template[name];
    return isMembers(members) ? members : {};
  };
  const resources = part('Resources');
  // Whether a flow needs it or not, it is the template's.
  for (const name of [...Object.keys(part('Parameters')), ...Object.keys(resources)]) given(name);
  const { value, condition } = resolver(
    {
      parameters: part('Parameters'),
      mappings: part('Mappings'),
      conditions: part('Conditions'),
      resources,
    },
    given,
  );

  return Object.entries(resources).flatMap(([name, resource]): Found[] => {
    const place = `${fileName}: Resources.${name}`;
    const leftOut = (reason: string, harmless = false): Found[] => [
      { kind: 'notImported', place, name, reason, harmless },
    ];
    if (name.startsWith('Fn::ForEach')) {
      // Whatever it repeats: only CloudFormation's macro knows.
      const isOurs = JSON.stringify(resource).includes('AWS::AppFlow::');
      const wayOut = 'import what `aws cloudformation get-template --template-stage Processed` prints';
      return isOurs ? leftOut(`resources made by a loop are not read; ${wayOut}`) : [];
    }
    if (!isMembers(resource)) return [];
    const { Type: type, Properties: written = {}, Condition: conditionName } = resource;
    if (type === 'AWS::CloudFormation::Stack') {
      return leftOut('a nested stack: import its own template, too', true);
    }
    const isProfile = type === 'AWS::AppFlow::ConnectorProfile';
    if (type !== 'AWS::AppFlow::Flow' && !isProfile) {
      const isOther = typeof type === 'string' && type.startsWith('AWS::AppFlow::');
      return isOther
        ? leftOut(`${type}: a connector is a folder of connectors/ here, not a Lambda function`)
        : [];
    }
    const holds = conditionName === undefined || condition(String(conditionName));
    if (holds === false) return leftOut(`its condition ${conditionName} does not hold`, true);
    const properties = value(written);
    if (!isMembers(properties)) return leftOut('its properties are not known before the stack is deployed');
    const found = (isProfile ? foundProfile : cloudFormationFlow)({ place, name, properties });
    if (!(holds instanceof Unresolved)) return [found];
    return [{ ...found, notes: [...found.notes, `made only if ${holds.what} holds (${holds.why})`] }];
  });
}
