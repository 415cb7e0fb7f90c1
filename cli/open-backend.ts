import { TributaryError } from '../core/errors.ts';
import { localHome } from '../local/home.ts';
import type { Backend } from './backend.ts';
import { type CommonOptions, readMounts } from './context.ts';
import type { Shell } from './shell.ts';

export interface BackendOptions extends CommonOptions {
  readonly aws?: boolean;
  readonly region?: string;
}

export async function openBackend(options: BackendOptions, shell: Shell): Promise<Backend> {
  if (options.aws) return shell.openAws(options.region);
  refuseRegion(options);
  const home = localHome({
    ...(options.home && { home: options.home }),
    mounts: readMounts(options.mount ?? []),
    clock: shell.clock,
    loadConnector: () => Promise.resolve(undefined),
  });
  return {
    ...home,
    place: home.folder,
    async expectFlow(flowName) {
      throw new TributaryError('ResourceNotFoundError', 'no flow of that name has run here', {
        got: flowName,
        at: home.folder,
        fix: 'run it with `tributary run FLOW`, say where it ran with --home DIR, or add --aws if it is deployed',
      });
    },
  };
}

/** A region without --aws would be accepted and ignored. */
export function refuseRegion({ region }: BackendOptions): void {
  if (region !== undefined)
    throw new TributaryError('InvalidArgument', '--region goes with --aws', { fix: 'add --aws' });
}
