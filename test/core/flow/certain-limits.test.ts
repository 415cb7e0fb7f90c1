import { describe, expect, it } from 'vitest';
import { certainlyBroken } from '../../../core/flow/certain-limits.ts';
import { s3Flow } from '../../support/flows.ts';

const flowOf = (bucketPrefix: string, eventPattern?: object) => {
  const flow = s3Flow({
    fields: { id: 'id' },
    more: eventPattern ? { tributary: { eventPattern } } : {},
  });
  const [destination] = flow.destinationFlowConfigList;
  const S3 = { ...destination?.destinationConnectorProperties.S3, bucketName: 'lake', bucketPrefix };
  return {
    ...flow,
    destinationFlowConfigList: [{ connectorType: 'S3' as const, destinationConnectorProperties: { S3 } }],
  };
};

describe('limits that the definition alone breaks', () => {
  it('are none in an ordinary flow', () => {
    expect(certainlyBroken(flowOf('raw/crm', { source: ['shop'] }))).toEqual([]);
  });

  it('are the characters of an event pattern', () => {
    const pattern = (length: number) => ({ source: ['x'.repeat(length - '{"source":[""]}'.length)] });
    expect(certainlyBroken(flowOf('raw', pattern(4096)))).toEqual([]);
    expect(certainlyBroken(flowOf('raw', pattern(4097)))).toEqual([
      'tributary.eventPattern: it has 4097 characters, and EventBridge takes 4096 at most; match by fewer values, or by a prefix',
    ]);
  });

  it('are the bytes of an object key', () => {
    // prefix, slash, `orders/`, 62 bytes of a file's name
    expect(certainlyBroken(flowOf(`${'é'.repeat(477)}`))).toEqual([]);
    expect(certainlyBroken(flowOf(`/${'é'.repeat(478)}/`))).toEqual([
      "bucketPrefix of the destination: keys would have 1026 bytes or more, and S3 takes 1024 at most; shorten it, or the flow's name",
    ]);
  });
});
