import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { TributaryError } from '../../core/errors.ts';
import type { EventSink } from '../../core/ports.ts';
import { awsCall } from './errors.ts';

export { EventBridgeClient };

/** The default event bus. @param source of the events; `aws.*` is reserved to AWS. */
export function eventBridgeSink(client: EventBridgeClient, source: string): EventSink {
  return {
    async emit({ detailType, resources, detail }) {
      const at = `event ${detailType}`;
      const { FailedEntryCount, Entries } = await awsCall('events:PutEvents', at, () =>
        client.send(
          new PutEventsCommand({
            Entries: [
              {
                Source: source,
                DetailType: detailType,
                Resources: [...resources],
                Detail: JSON.stringify(detail),
              },
            ],
          }),
        ),
      );
      // The call succeeds even if the bus took nothing.
      if (!FailedEntryCount) return;
      const { ErrorCode, ErrorMessage } = Entries?.[0] ?? {};
      throw new TributaryError('StorageUnavailable', `the event bus refused the event: ${ErrorMessage}`, {
        at,
        ...(ErrorCode !== undefined && { vendorCode: ErrorCode }),
      });
    },
  };
}
