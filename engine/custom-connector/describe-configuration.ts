import {
  type ConnectorConfiguration,
  configurationProblems,
} from '../../core/custom-connector/configuration.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { connectorClient } from './client.ts';
import type { ConnectorHost } from './host.ts';

/**
 * Asks a connector to describe itself.
 *
 * @param label the connector's
 * @throws ConnectorProtocol for a description that AppFlow would not register; what the host throws
 */
export async function describeConfiguration(
  label: string,
  host: ConnectorHost,
  log: Log,
): Promise<ConnectorConfiguration> {
  const type = 'DescribeConnectorConfigurationRequest';
  const configuration = await connectorClient(label, host, log).ask(type, {
    locale: 'en-US',
    connectorLabel: label,
  });
  const problems = configurationProblems(configuration);
  if (problems.length === 0) return configuration;
  throw new TributaryError('ConnectorProtocol', `it cannot be registered: ${problems.join('; ')}`, {
    at: label,
    fix: 'mend the connector',
  });
}
