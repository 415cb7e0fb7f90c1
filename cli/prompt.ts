import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { TributaryError } from '../core/errors.ts';

/** A person who answers questions. */
export interface Prompt {
  /**
   * @param hidden what is typed is not shown
   * @throws ExecutionCanceled at Ctrl-C or the end of the input
   */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
}

/** On the terminal of this process; questions go to stderr. */
export const terminalPrompt: Prompt = {
  ask(question, { hidden = false } = {}) {
    // Readline shows the line that it edits by writing it to its output.
    const output = new Writable({
      write(chunk, _encoding, done) {
        if (!hidden) process.stderr.write(chunk);
        done();
      },
    });
    const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
    return new Promise((resolve, reject) => {
      if (hidden) process.stderr.write(question);
      lines.question(hidden ? '' : question, (answer) => {
        resolve(answer.trim());
        lines.close();
      });
      lines.on('SIGINT', () => lines.close());
      lines.on('close', () => {
        if (hidden) process.stderr.write('\n');
        reject(new TributaryError('ExecutionCanceled', 'cancelled; nothing was stored'));
      });
    });
  },
};
