/** Where flows run: this machine or AWS. What the commands on runs need of either. */

import { TributaryError } from '../core/errors.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { localHome } from '../local/home.ts';
import { type CommonOptions, readMounts } from './context.ts';
import type { Shell } from './shell.ts';

export interface Backend extends Pick<EnginePorts, 'state' | 'objects' | 'home' | 'executions'> {
  /** For messages: `/home/eva/.tributary`, `AWS account 123456789012, eu-central-1`. */
  readonly place: string;
  /** The file of an object, where objects are files. */
  fileOf?(bucket: string, key: string): string;
  /** @throws ResourceNotFoundError if the flow, which has no state yet, cannot run there either */
  expectFlow(flowName: string): Promise<void>;
}

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
