import type { Progress } from '../engine/ports.ts';
import { bytes, count, type Terminal } from './output.ts';

/** Milliseconds between two lines; a terminal's line is overwritten more often. */
const pace = { terminal: 200, file: 5000 };

/** A progress line with records, bytes and rate. */
export function progressLine(
  terminal: Terminal,
  now: () => number,
): { report(progress: Progress): void; note(text: string): void; end(): void } {
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
          ? `${count(records)} records, ${bytes(received)}, ${count(rate)} records/s`
          : `${count(records)} records read, ${count(objects)} objects written`;
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
