import { TributaryError } from '../errors.ts';

/**
 * A flow of this name has run with another source or destination.
 *
 * @param known, @param now {@link identityFingerprint} of the flow as it last committed, and as it is now
 * @throws FlowInvalid with the ways out
 */
export function checkIdentity(flowName: string, known: string | undefined, now: string): void {
  if (known === undefined || known === now) return;
  throw new TributaryError(
    'FlowInvalid',
    'the source or the destination is not the one that this flow has run with',
    {
      flowName,
      at: 'sourceFlowConfig, destinationFlowConfigList',
      expected:
        'the same source object and destination for as long as the flow keeps its name, as its watermark and schema version belong to them',
      fix: 'give the changed flow another flowName, or forget the old state with `tributary reset`',
    },
  );
}
