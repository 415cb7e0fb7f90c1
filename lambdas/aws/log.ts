import type { Clock, Log, LogFields } from '../../core/ports.ts';

/** One JSON object per line. @param bound fields that every line carries, e.g. the flow's name and the execution's id. */
export function jsonLog(print: (line: string) => void, clock: Clock, bound: LogFields = {}): Log {
  const line = (level: string) => (message: string, fields?: LogFields) =>
    print(JSON.stringify({ level, time: new Date(clock.now()).toISOString(), message, ...bound, ...fields }));
  return { info: line('info'), warn: line('warn'), error: line('error') };
}
