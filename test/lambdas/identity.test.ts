import { describe, expect, it } from 'vitest';
import type { StateStore } from '../../core/ports.ts';
import { refusalOf } from '../../lambdas/identity.ts';

function holding(identity: string | undefined): Pick<StateStore, 'get'> {
  return {
    async get<T extends object>(pk: string, sk: string) {
      expect([pk, sk]).toEqual(['FLOW#orders', 'STATE']);
      return { pk, sk, revision: 1, data: { identity } as unknown as T };
    },
  };
}

const request = {
  ResponseURL: 'https://cloudformation.example/answer',
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Identity',
  ResourceProperties: { FlowName: 'orders', Identity: 'now' },
} as const;

describe('the identity of a flow', () => {
  it.each(['Create', 'Update'] as const)('at %s must be the one that its state belongs to', async (kind) => {
    const asked = (identity: string | undefined) =>
      refusalOf({ ...request, RequestType: kind }, holding(identity));
    expect(await asked('now')).toBeUndefined();
    expect(await asked(undefined)).toBeUndefined();
    expect(await asked('before')).toBe(
      'flow orders, sourceFlowConfig, destinationFlowConfigList: the source or the destination is not the one that this flow has run with; expected the same source object and destination for as long as the flow keeps its name, as its watermark and schema version belong to them; give the changed flow another flowName, or forget the old state with `tributary reset`',
    );
  });

  it('is free before the first start of a flow', async () => {
    expect(
      await refusalOf({ ...request, RequestType: 'Create' }, { get: async () => undefined }),
    ).toBeUndefined();
  });

  it('of a flow that is removed is not asked for', async () => {
    expect(await refusalOf({ ...request, RequestType: 'Delete' }, holding('before'))).toBeUndefined();
  });

  it('that cannot be read lets nothing be deployed', async () => {
    const broken = { get: () => Promise.reject(new Error('not allowed')) };
    expect(await refusalOf({ ...request, RequestType: 'Update' }, broken)).toBe('not allowed');
  });
});
