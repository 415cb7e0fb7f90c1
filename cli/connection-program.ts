/** `tributary connection …`: what it takes, and which function does it. */

import { type Command, Option } from 'commander';
import type { Shell } from './shell.ts';

interface Around {
  readonly shell: Shell;
  /** Options that other commands have, too. */
  readonly local: { readonly home: Option; readonly mount: Option; readonly connections: Option };
  readonly region: Option;
  readonly notInAws: Option;
  readonly json: Option;
  readonly collect: (value: string, before?: readonly string[]) => string[];
  /** Runs a command, and keeps its exit code. */
  does<A extends readonly unknown[]>(
    work: (...parsed: A) => Promise<number>,
  ): (...parsed: A) => Promise<void>;
}

export function addConnectionCommands(
  program: Command,
  { shell, local, region, notInAws, json, collect, does }: Around,
): void {
  const { home, mount, connections } = local;
  const connection = program.command('connection').description('look after connections');
  const aws = new Option('--aws', 'the secret of the deployed connection, not the home').conflicts('home');
  const stored = (command: Command): Command =>
    [home, connections, aws, region].reduce((made, option) => made.addOption(option), command);
  const asked = (command: Command): Command =>
    stored(command)
      .option('--auth <way>', 'how to authenticate: authorizationCode, clientCredentials, apiKey …')
      .option('--set <key=value>', 'a setting; may be repeated', collect)
      .option('--secret <key=env:NAME>', 'a credential, or key=file:PATH; may be repeated', collect)
      .option('--port <n>', 'of the redirect URI http://127.0.0.1:<n>/callback (default: a free one)')
      .option('--no-browser', 'show the address to consent at, and open nothing')
      .option('--no-test', 'store without a request to the vendor');

  asked(connection.command('create').argument('<name>', 'connection name'))
    .description('ask for what a connector needs, test it, store it')
    .requiredOption('--connector <name>', 'e.g. GitHub')
    .option('--endpoint <url>', "a server on this machine in the vendor's place, for tests")
    .action(
      does(async (name: string, options) =>
        (await import('./connection-create.ts')).createConnectionCommand(name, options, shell),
      ),
    );
  asked(connection.command('edit').argument('<name>', 'connection name'))
    .description('ask again, also for consent')
    .action(
      does(async (name: string, options) =>
        (await import('./connection-create.ts')).editConnectionCommand(name, options, shell),
      ),
    );
  stored(connection.command('copy').argument('<name>').argument('<new>'))
    .description('settings and credentials under another name; never what OAuth gave')
    .action(
      does(async (name: string, copy: string, options) =>
        (await import('./connection-create.ts')).copyConnectionCommand(name, copy, options, shell),
      ),
    );
  stored(connection.command('list'))
    .description('list connections and where their credentials are')
    .addOption(json)
    .action(
      does(async (options) => (await import('./connection-list.ts')).listConnectionsCommand(options, shell)),
    );
  stored(connection.command('delete').argument('<name>', 'connection name'))
    .description('delete a connection and its credentials')
    .option('--yes', 'without asking')
    .action(
      does(async (name: string, options) =>
        (await import('./connection-list.ts')).deleteConnectionCommand(name, options, shell),
      ),
    );
  [home, mount, connections, notInAws]
    .reduce(
      (made, option) => made.addOption(option),
      connection.command('test').argument('<name>', 'connection name'),
    )
    .description('make one authenticated request; say what is wrong')
    .action(
      does(async (name: string, options) =>
        (await import('./connection-commands.ts')).testConnectionCommand(name, options, shell),
      ),
    );
}
