import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import { FlowStack } from '../../lib/flow.ts';
import {
  env,
  folderWith,
  issuesConnection,
  issuesFlow,
  prepareCdk,
  type Resource,
  s3Flow,
} from '../support/cdk.ts';

const count = 1000;

/** Names that differ in nothing that a physical name shows: case, signs, and what lies behind the readable part. */
function nameOf(index: number): string {
  const long = 'customer-relationship-management-contacts-of-region';
  return (
    [`Orders${index}`, `orders${index}`, `orders.${index}`, `orders@${index}`, `${long}-${index}`][
      index % 5
    ] ?? ''
  );
}

beforeAll(prepareCdk, 60_000);

describe('1,000 flows', () => {
  it('fit their limits, each in a stack of its own, under names that differ', () => {
    const app = new App({ outdir: folderWith({}), analyticsReporting: false, treeMetadata: false });
    for (let index = 0; index < count; index++) {
      const flowName = nameOf(index);
      const definition =
        index % 2 === 0
          ? { ...issuesFlow, flowName }
          : s3Flow(flowName, { tributary: { eventPattern: { source: ['crm'] } } });
      new FlowStack(app, { env, definition, connections: [issuesConnection] });
    }
    const { directory, stacks } = app.synth();
    expect(stacks).toHaveLength(count);

    const names: Record<string, Set<string>> = {};
    let [resources, bytes] = [0, 0];
    for (const { templateFile } of stacks) {
      const file = join(directory, templateFile);
      bytes = Math.max(bytes, statSync(file).size);
      const template: { Resources: Record<string, Resource> } = JSON.parse(readFileSync(file, 'utf8'));
      const all = Object.values(template.Resources);
      resources = Math.max(resources, all.length);
      for (const { Type, Properties } of all) {
        const name = Properties.StateMachineName ?? Properties.LogGroupName ?? Properties.Name;
        if (name === undefined) continue;
        names[Type] ??= new Set();
        expect(names[Type].has(name), `${Type} ${name} twice`).toBe(false);
        names[Type].add(name);
      }
    }
    expect(resources).toBeLessThan(30);
    expect(bytes).toBeLessThan(100_000);
    const longest = (type: string) => Math.max(...[...(names[type] ?? [])].map((name) => name.length));
    expect(names['AWS::StepFunctions::StateMachine']?.size).toBe(count);
    expect(longest('AWS::StepFunctions::StateMachine')).toBeLessThanOrEqual(80);
    expect(names['AWS::Scheduler::Schedule']?.size).toBe(count / 2);
    expect(longest('AWS::Scheduler::Schedule')).toBeLessThanOrEqual(64);
    expect(names['AWS::Events::Rule']?.size).toBe(count / 2);
    expect(longest('AWS::Events::Rule')).toBeLessThanOrEqual(64);
    expect(names['AWS::Logs::LogGroup']?.size).toBe(2 * count);
    // Roles and functions have no names of ours: CloudFormation makes names that fit.
    expect(Object.keys(names).sort()).toEqual([
      'AWS::Events::Rule',
      'AWS::Logs::LogGroup',
      'AWS::Scheduler::Schedule',
      'AWS::StepFunctions::StateMachine',
    ]);
  }, 240_000);
});
