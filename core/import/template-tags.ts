/**
 * The short forms of CloudFormation's functions in YAML: `!Ref Bucket` is `Ref: Bucket`, `!Sub text` is `Fn::Sub: text`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
 */

import type { CustomTag } from '../flow/read.ts';

const functions = [
  'And',
  'Base64',
  'Cidr',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
];

export const templateTags: readonly CustomTag[] = [
  ...['Ref', 'Condition'].map((name) => [name, name] as const),
  ...functions.map((name) => [name, `Fn::${name}`] as const),
].flatMap(([short, long]): CustomTag[] => [
  { tag: `!${short}`, resolve: (text: string) => ({ [long]: text }) },
  { tag: `!${short}`, collection: 'seq', resolve: (list) => ({ [long]: list.toJSON() }) },
  { tag: `!${short}`, collection: 'map', resolve: (map) => ({ [long]: map.toJSON() }) },
]);
