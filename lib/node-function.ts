import { type Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import {
  Effect,
  type IPrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type CfnFunction,
  type Code,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** What a role may do: by the statement's sid, so that a policy reads as a list of reasons. */
export type Grants = Readonly<Record<string, Grant>>;

export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Why resources have wildcards; without it cdk-nag refuses them. */
  readonly wildcards?: string;
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A role that may do what the grants say and nothing else. */
export function roleOf(scope: Construct, id: string, assumedBy: IPrincipal, grants: Grants): Role {
  const statements = Object.entries(grants).map(
    ([sid, { actions, resources, conditions }]) =>
      new PolicyStatement({
        sid,
        effect: Effect.ALLOW,
        actions: [...actions],
        resources: [...resources],
        ...(conditions && { conditions }),
      }),
  );
  const role = new Role(scope, id, {
    assumedBy,
    inlinePolicies: { grants: new PolicyDocument({ statements }) },
  });
  for (const { resources, wildcards } of Object.values(grants)) {
    if (wildcards === undefined) continue;
    const findings = resources
      .map((arn) => readable(Stack.of(scope).resolve(arn)))
      .filter((arn) => arn.includes('*'));
    acknowledge(role, Object.fromEntries(findings.map((arn) => [`IAM5[Resource::${arn}]`, wildcards])));
  }
  return role;
}

/** An ARN as cdk-nag writes it, references in angle brackets. */
function readable(
  arn: string | { Ref: string } | { 'Fn::Join': [string, (string | { Ref: string })[]] },
): string {
  if (typeof arn === 'string') return arn;
  return 'Ref' in arn ? `<${arn.Ref}>` : arn['Fn::Join'][1].map(readable).join(arn['Fn::Join'][0]);
}

export interface NodeFunctionProps {
  readonly description: string;
  readonly code: Code;
  /** The module of the bundle whose `handler` runs. */
  readonly module: 'control' | 'transfer' | 'settle' | 'identity';
  /** Default: CloudFormation makes one up. */
  readonly functionName?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly grants: Grants;
  readonly logGroupName: string;
  readonly logRetention: RetentionDays;
  /** Encrypts the log and the environment. */
  readonly key: IKey;
  /** MB. */
  readonly memorySize: number;
  /** MB of the temporary folder. Default 512. */
  readonly diskSize?: number;
  readonly timeout: Duration;
  readonly vpc?:
    | { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] }
    | undefined;
}

const networkInterfaces: Grant = {
  actions: [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ],
  resources: ['*'],
  wildcards: 'Network interfaces have no ARN before they exist',
};

/** A function of the bundle with a role and a log group of its own. */
export class NodeFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: props.logGroupName,
      retention: props.logRetention,
      encryptionKey: props.key,
      // Logs hold counts and ids; the flow's record of runs is the state table.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = roleOf(this, 'Role', new ServicePrincipal('lambda.amazonaws.com'), {
      WriteLog: {
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [
          Stack.of(this).formatArn({
            service: 'logs',
            resource: `log-group:${props.logGroupName}:log-stream:*`,
          }),
        ],
        wildcards: 'Lambda names the streams of the log',
      },
      ...props.grants,
      ...(props.vpc && { JoinNetwork: networkInterfaces }),
    });
    this.function = new LambdaFunction(this, 'Function', {
      // Lambda takes 256 characters, and a flow's name may have as many.
      description: props.description.slice(0, 256),
      code: props.code,
      handler: `${props.module}.handler`,
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      ...(props.functionName !== undefined && { functionName: props.functionName }),
      role: this.role.withoutPolicyUpdates(),
      logGroup,
      environment: { ...props.environment },
      environmentEncryption: props.key,
      memorySize: props.memorySize,
      ...(props.diskSize !== undefined && { ephemeralStorageSize: Size.mebibytes(props.diskSize) }),
      timeout: props.timeout,
    });
    const resource = this.function.node.defaultChild as CfnFunction;
    // On the role, which the function refers to anyway: its policy is part of it.
    resource.addDeletionOverride('DependsOn');
    if (props.vpc) {
      // By ids: looking up the VPC's other properties would need credentials at synth.
      const { subnetIds, securityGroupIds } = props.vpc;
      resource.vpcConfig = { subnetIds: [...subnetIds], securityGroupIds: [...securityGroupIds] };
    }
    acknowledge(this.function, {
      L1: 'Node 22 is in long-term support; a newer one is taken up when it has been tested',
    });
  }
}
