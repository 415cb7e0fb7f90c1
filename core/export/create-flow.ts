/** Back to AppFlow: a flow as a CreateFlow request. */

import { TributaryError } from '../errors.ts';
import { canonicalFlow } from '../flow/canonical.ts';
import type { FlowDefinition } from '../flow/definition.ts';

export type CreateFlowRequest = Omit<FlowDefinition, 'tributary'>;

/**
 * The flow in canonical form, for `aws appflow create-flow --cli-input-json`. AppFlow makes a scheduled flow a draft: who
 * wants it active starts it.
 *
 * @throws TributaryError NotRunnable if it says what AppFlow cannot do
 */
export function createFlowRequest(flow: FlowDefinition): CreateFlowRequest {
  const { tributary, ...request } = canonicalFlow(flow);
  const own = Object.keys(tributary ?? {}).filter((name) => name !== 'flowStatus');
  if (own.length > 0) {
    throw new TributaryError('NotRunnable', 'AppFlow has nothing that does this', {
      flowName: flow.flowName,
      at: own.map((name) => `tributary.${name}`).join(', '),
      fix: 'remove it from the flow first',
    });
  }
  return request;
}
