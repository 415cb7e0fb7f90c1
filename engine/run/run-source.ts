import { TributaryError } from '../../core/errors.ts';
import type { Source } from '../../core/source.ts';
import type { EnginePorts } from '../ports.ts';
import { type RunPlan, readPlan } from './plan.ts';

/** What a run reads: the flow's source, or for a replay the quarantine of an earlier run, with that one's plan. */
export async function runSource(
  flowName: string,
  connector: string,
  replayOf: string | undefined,
  ports: Pick<EnginePorts, 'objects' | 'home' | 'loadSource'>,
): Promise<{ readonly source: Source; readonly earlier?: RunPlan }> {
  if (replayOf === undefined) return { source: await ports.loadSource(connector) };
  const { quarantineSource } = await import('./quarantine-source.ts');
  try {
    const earlier = await readPlan(ports.objects, ports.home, flowName, replayOf);
    return { source: quarantineSource(earlier, ports.home), earlier };
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'ResourceNotFoundError')) throw error;
    throw new TributaryError('ResourceNotFoundError', 'the papers of the run are kept no longer', {
      flowName,
      at: replayOf,
      fix: 'pull the records again with `tributary run --from … --to …`',
      cause: error,
    });
  }
}
