import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConnectorProfileStack } from '../../lib/connector-profile.ts';
import { FlowStack } from '../../lib/flow.ts';
import { TributaryPlatformStack } from '../../lib/platform.ts';
import { env, folderWith, issuesConnection, issuesFlow, prepareCdk, s3Flow } from '../support/cdk.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

beforeAll(prepareCdk, 60_000);

describe('cdk-nag', () => {
  it('finds nothing in our stacks that has no reason', () => {
    const outdir = folderWith({});
    const app = new App({ outdir });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    new TributaryPlatformStack(app, { env });
    new ConnectorProfileStack(app, { env, definition: issuesConnection });
    new FlowStack(app, { env, definition: issuesFlow, connections: [issuesConnection] });
    new FlowStack(app, {
      env,
      definition: s3Flow('accounts', { tributary: { eventPattern: { source: ['crm'] } } }),
    });
    // What must be found, else the checks were not on.
    new Bucket(new Stack(app, 'Planted', { env }), 'Bucket');
    expect(() => app.synth()).toThrow('Planted/Bucket/Resource');

    const report: Report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
    const found = report.pluginReports.flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName}`),
      ),
    );
    expect(found.sort()).toEqual([
      'Planted/Bucket/Resource: AwsSolutions-S1',
      'Planted/Bucket/Resource: AwsSolutions-S10',
    ]);
  }, 60_000);
});
