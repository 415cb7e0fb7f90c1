import { verifyRun } from '../engine/verify/verify-run.ts';
import { findRun } from './find-run.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import { bytes, counted, json } from './output.ts';
import { progressLine } from './progress.ts';
import type { Shell } from './shell.ts';

/** `tributary verify RUN`: 0 if the run's certificate holds, 1 if not. */
export async function verifyCommand(
  executionId: string,
  options: BackendOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const { terminal, clock } = shell;
  const backend = await openBackend(options, shell);
  const { data: run } = await findRun(executionId, backend);
  const line = progressLine(terminal, clock.now);
  const verification = await verifyRun(run, { ...backend, onProgress: line.report }).finally(line.end);
  const { difference, signed, objects, records, bytes: size } = verification;
  const { flowName } = run;
  if (options.json) {
    const certificate = signed?.certificate ?? null;
    const signedBy = signed?.signature.key ?? null;
    terminal.out(
      json({
        executionId,
        flowName,
        holds: difference === undefined,
        difference: difference ?? null,
        objects,
        records,
        bytes: size,
        signedBy,
        certificate,
      }),
    );
  } else if (difference) {
    terminal.out(
      [
        `${executionId}: the certificate does not hold`,
        `  at        ${difference.at}`,
        `  expected  ${difference.expected}`,
        `  got       ${difference.got}`,
      ].join('\n'),
    );
  } else {
    terminal.out(
      `${executionId}: the certificate holds: ${counted(objects, 'object')}, ${counted(records, 'record')}, ${bytes(size)}; signed by ${signed?.signature.key}`,
    );
  }
  return difference ? 1 : 0;
}
