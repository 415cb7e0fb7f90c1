/** What the commands are surrounded by; tests put their own in place. */

import { spawn } from 'node:child_process';
import type { ConnectorHost } from '../engine/custom-connector/host.ts';
import type { AwsSecrets } from '../lambdas/aws/secrets.ts';
import { systemClock, type WakeableClock } from '../local/home.ts';
import type { AwsBackend } from './backend.ts';
import type { Terminal } from './output.ts';
import { type Prompt, terminalPrompt } from './prompt.ts';

export interface Shell {
  readonly terminal: Terminal;
  readonly clock: WakeableClock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back at every Ctrl-C until what it answers is called. */
  onInterrupt(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** The platform in AWS; its SDK is loaded for this alone. */
  openAws(region: string | undefined): Promise<AwsBackend>;
  openSecrets(region: string | undefined): Promise<AwsSecrets>;
  /**
   * The function of a custom connector, to be asked about itself or a connection.
   *
   * @param region of the connections' secrets. Default: what the environment names
   */
  openConnector(functionArn: string, region?: string): Promise<ConnectorHost>;
  /** Nobody to ask: absent. */
  readonly prompt: Prompt | undefined;
  /** Shows a page to the person; whether that works is not known. */
  openBrowser(url: string): void;
}

export function processShell(terminal: Terminal): Shell {
  return {
    terminal,
    clock: systemClock,
    env: process.env,
    onInterrupt(listener) {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.removeListener(signal, listener);
      };
    },
    exit: (code) => process.exit(code),
    openAws: async (region) => (await import('./aws-backend.ts')).openAws(region),
    openSecrets: async (region) => (await import('../lambdas/aws/secrets.ts')).openSecrets(region),
    openConnector: async (functionArn, region) => {
      const { lambdaConnectorHost, openLambda } = await import('../lambdas/aws/lambda-connector-host.ts');
      const secrets = async () => (await import('../lambdas/aws/secrets.ts')).openSecrets(region);
      return lambdaConnectorHost(openLambda(functionArn), functionArn, secrets);
    },
    prompt: process.stdin.isTTY ? terminalPrompt : undefined,
    openBrowser,
  };
}

function openBrowser(url: string): void {
  const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ['open'],
    win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  };
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  // Without one, the person opens the address that is shown.
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
