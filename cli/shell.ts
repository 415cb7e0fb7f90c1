/** What the commands are surrounded by; tests put their own in place. */

import { systemClock, type WakeableClock } from '../local/home.ts';
import type { AwsBackend } from './aws-backend.ts';
import type { Terminal } from './output.ts';

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
  };
}
