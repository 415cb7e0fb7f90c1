import { describe, expect, it } from 'vitest';
import { flowJsonSchema } from '../../../core/flow/json-schema.ts';

/** What lies at a path of property names. */
function at(path: string): unknown {
  return path.split('.').reduce<unknown>((schema, key) => {
    const node = schema as Record<string, Record<string, unknown>>;
    return key === '0' ? node.items : node.properties?.[key];
  }, flowJsonSchema());
}

describe('flowJsonSchema', () => {
  it('is what editors complete and check by', () => {
    expect(flowJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
      required: ['flowName', 'triggerConfig', 'sourceFlowConfig', 'destinationFlowConfigList', 'tasks'],
    });
    expect(at('triggerConfig.triggerType')).toEqual({
      type: 'string',
      enum: ['Scheduled', 'Event', 'OnDemand'],
    });
    expect(at('tributary.compression')).toEqual({
      type: 'string',
      enum: ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD'],
      description: 'Of Parquet output. Default SNAPPY.',
    });
    expect(at('tributary.nestedTypes')).toMatchObject({
      type: 'object',
      additionalProperties: { type: 'string' },
    });
    expect(at('tasks.0.connectorOperator')).toMatchObject({
      propertyNames: { enum: expect.arrayContaining(['S3', 'Salesforce']) },
    });
  });

  it('takes times as they are written', () => {
    const time = at('triggerConfig.triggerProperties.Scheduled.scheduleStartTime') as {
      anyOf: { type: string }[];
    };
    expect(time.anyOf.map((one) => one.type)).toEqual(['number', 'string', 'string']);
  });
});
