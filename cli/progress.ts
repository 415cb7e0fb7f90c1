import type { Progress } from '../engine/ports.ts';
import { bytes, count, counted, type Terminal } from './output.ts';

/** Milliseconds between two lines; a terminal's line is overwritten more often. */
const pace = { terminal: 200, file: 5000 };

export interface ProgressLine {
  report(progress: Progress): void;
  /** Says something, on a line of its own. */
  note(text: string): void;
  end(): void;
}

/** A progress line with records, bytes and rate, on stderr. */
export function progressLine(terminal: Terminal, now: () => number): ProgressLine {
  const startedAt = now();
  let shownAt = startedAt;
  let shown = false;
  let records = 0;
  let received = 0;
  let objects = 0;
  const clear = (): void => {
    if (shown && terminal.interactive) terminal.err('\r\u001b[K');
    shown = false;
  };
  return {
    report({ phase, records: more, bytes: moreBytes }) {
      if (phase === 'transfer') {
        records += more;
        received += moreBytes;
      } else if (phase === 'commit') objects++;
      const time = now();
      if (time - shownAt < (terminal.interactive ? pace.terminal : pace.file)) return;
      shownAt = time;
      const rate = Math.round(records / ((time - startedAt) / 1000));
      const text =
        phase === 'transfer'
          ? `${counted(records, 'record')}, ${bytes(received)}, ${count(rate)} records/s`
          : `${counted(records, 'record')} read, ${counted(objects, 'object')} written`;
      clear();
      terminal.err(terminal.interactive ? text : `${text}\n`);
      shown = true;
    },
    note(text) {
      clear();
      terminal.err(`${text}\n`);
    },
    end: clear,
  };
}
