/** The `tributary` command: what it takes, and which function does it. That is loaded with the command that needs it. */

import { Command, CommanderError, Option } from 'commander';
import { exitCodeOf, messageOf } from '../core/errors.ts';
import { version } from '../engine/version.ts';
import type { CompareOptions } from './compare-command.ts';
import { addConnectionCommands } from './connection-program.ts';
import type { ExportOptions } from './export-command.ts';
import type { Terminal } from './output.ts';
import { processShell, type Shell } from './shell.ts';

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @param around what replaces the clock, the environment … of this process
 * @returns the exit code: 0 done, 1 the run failed, 2 bad input
 */
export async function tributary(
  args: readonly string[],
  terminal: Terminal,
  around: Partial<Shell> = {},
): Promise<number> {
  const shell: Shell = { ...processShell(terminal), ...around };
  let exitCode = 0;
  const program = new Command('tributary')
    .description('Runs AppFlow flow definitions on this machine, and looks after those deployed')
    .version(version)
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text),
    });

  const home = new Option('--home <dir>', 'folder of everything local (default: .tributary)');
  const mount = new Option(
    '--mount <bucket=folder>',
    'let a folder serve as a bucket; may be repeated',
  ).argParser(collect);
  const connections = new Option(
    '--connections <dir>',
    'folder of the connection files (default: connections)',
  );
  const aws = new Option('--aws', 'of the deployed flow, with the AWS credentials of this shell').conflicts([
    'home',
    'mount',
    'connections',
  ]);
  /** Connections are looked for in any case. */
  const planAws = new Option('--aws', 'with --from-run: the run is one of the deployed flow').conflicts(
    'home',
  );
  const region = new Option('--region <region>', 'with --aws (default: that of the AWS configuration)');
  const taking = (command: Command, ...options: readonly Option[]): Command => {
    for (const option of options) command.addOption(option);
    return command;
  };
  /** Taken, to be refused with the reason. */
  const notInAws = new Option('--aws').hideHelp();
  const jsonOption = new Option('--json', 'print one JSON value, for programs');
  const does =
    <A extends readonly unknown[]>(work: (...parsed: A) => Promise<number> | number) =>
    async (...parsed: A): Promise<void> => {
      exitCode = await work(...parsed);
    };

  program
    .command('init')
    .argument('[dir]', 'where', '.')
    .description('write a flow and a connection to start from')
    .action(does(async (dir: string) => (await import('./flow-commands.ts')).initCommand(dir, shell)));
  taking(program.command('validate').argument('<flow...>', 'flow files'), connections)
    .description('judge flow definitions as AppFlow would; name what this version cannot run')
    .option('--runnable', 'fail if this version cannot run a flow')
    .action(
      does(async (files: string[], options) =>
        (await import('./flow-commands.ts')).validateCommand(files, options, shell),
      ),
    );
  program
    .command('map')
    .argument('<flow>', 'flow file')
    .description("add the Map tasks of AppFlow's mapping file (lines: source field, destination field)")
    .requiredOption('--csv <file>', 'mapping file')
    .option('--out <file>', 'where to write the flow (default: print it)')
    .action(
      does(async (file: string, options) =>
        (await import('./flow-commands.ts')).mapCommand(file, options, shell),
      ),
    );
  program
    .command('import')
    .argument(
      '<file...>',
      'output of aws appflow describe-flow and describe-connector-profiles, templates, cdk.out, Terraform modules, plans, states',
    )
    .description('write flows and connections of AppFlow as files of ours; report what is left to do')
    .option('--out <dir>', 'folder for flows/ and connections/', '.')
    .option(
      '--parameters <name=value>',
      'what a template leaves open: a parameter, variable or resource; may be repeated',
      collect,
    )
    .option('--force', 'replace files that are there')
    .addOption(jsonOption)
    .action(
      does(async (files: string[], options) =>
        (await import('./import-command.ts')).importCommand(files, options, shell),
      ),
    );
  program
    .command('export')
    .argument('<flow...>', 'flow files')
    .description('write flows in a form that AppFlow takes')
    .addOption(
      new Option('--format <format>', 'of what is written')
        .choices(['create-flow', 'cloudformation'])
        .default('create-flow'),
    )
    .option('--out <path>', 'a folder for create-flow, a file for cloudformation (default: print it)')
    .action(
      does(async (files: string[], options: ExportOptions) =>
        (await import('./export-command.ts')).exportCommand(files, options, shell),
      ),
    );
  program
    .command('diff')
    .argument('<before>', 'flow file')
    .argument('<after>', 'flow file')
    .description('say what is different, and what it does to watermark, schema version and catalog')
    .addOption(jsonOption)
    .action(
      does(async (before: string, after: string, options) =>
        (await import('./diff-command.ts')).diffCommand(before, after, options, shell),
      ),
    );
  program
    .command('schema')
    .description('print the JSON Schema of flow definitions, for editors')
    .action(does(async () => (await import('./flow-commands.ts')).schemaCommand(shell)));
  taking(program.command('plan').argument('<flow>', 'flow file'), home, connections, planAws, region)
    .description('tell what a run would do and cost before it is deployed; refuse what would break a limit')
    .option('--from-run <run>', 'take the size from this run of the flow')
    .option('--records <n>', 'records that a run receives')
    .option('--record-bytes <n>', 'bytes of a record as the source sends it')
    .option('--output-record-bytes <n>', 'bytes of a record in the output')
    .option('--page-records <n>', 'records of a page (default: as the connector asks)')
    .option('--page-seconds <s>', 'time of a page')
    .option('--splits <n>', 'parts of the source that are read at once')
    .option('--partitions <n>', 'values of the partition fields')
    .option('--pause <n/s>', 'after n requests the source refuses for s seconds')
    .option('--job-seconds <s>', "time that the vendor's job takes")
    .option('--runs <n>', 'runs a month (default: as the schedule says)')
    .option('--prices <region>', 'list prices of this Region (default: us-east-1)')
    .addOption(jsonOption)
    .action(
      does(async (file: string, options) =>
        (await import('./plan-command.ts')).planCommand(file, options, shell),
      ),
    );
  taking(
    program.command('run').argument('<flow>', 'flow file; with --aws its name will do'),
    home,
    mount,
    connections,
    aws,
    region,
  )
    .description('run a flow to its end, on this machine or (--aws) in the cloud')
    .option('--from <time>', 'pull records changed since then, this once')
    .option('--to <time>', 'pull records changed before then, this once')
    .option('--full', 'pull everything, this once')
    .option('--limit <n>', 'read so many records at most')
    .option('--dry-run', 'read and apply the tasks, write nothing')
    .addOption(jsonOption)
    .action(
      does(async (file: string, options) =>
        (await import('./run-command.ts')).runCommand(file, options, shell),
      ),
    );
  taking(program.command('runs').argument('<flow>', 'flow file or name'), home, aws, region)
    .description('list the runs of a flow, newest first')
    .option('--limit <n>', 'so many at most', '20')
    .addOption(jsonOption)
    .action(
      does(async (flow: string, options) =>
        (await import('./flow-commands.ts')).runsCommand(flow, options, shell),
      ),
    );
  taking(program.command('show').argument('<run>', 'execution id'), home, mount, aws, region)
    .description('show a run')
    .addOption(jsonOption)
    .action(
      does(async (run: string, options) =>
        (await import('./flow-commands.ts')).showCommand(run, options, shell),
      ),
    );
  taking(program.command('explain').argument('<run>', 'execution id'), home, mount, aws, region)
    .description('say why a run failed, what to do, whether to try again, and where that leaves the data')
    .option('--bundle <dir>', 'write what somebody else needs to meet the failure again, without secrets')
    .option('--with-data', 'with --bundle: the object that could not be read as it is, not a stand-in')
    .addOption(jsonOption)
    .action(
      does(async (run: string, options) =>
        (await import('./explain-command.ts')).explainCommand(run, options, shell),
      ),
    );
  program
    .command('reproduce')
    .argument('<dir>', 'folder that `explain --bundle` wrote')
    .description('meet a failure again, on this machine and without any request')
    .addOption(jsonOption)
    .action(
      does(async (folder: string, options) =>
        (await import('./reproduce-command.ts')).reproduceCommand(folder, options, shell),
      ),
    );
  taking(program.command('compare').argument('<run>', 'execution id'), home, mount, aws, region)
    .description("compare a run's output with AppFlow's output of the same flow")
    .requiredOption('--with <place>', "AppFlow's output: s3://bucket/prefix, or a folder")
    .option('--key <column>', 'a column that tells which records belong together; may be repeated', collect)
    .addOption(jsonOption)
    .action(
      does(async (run: string, options: CompareOptions) =>
        (await import('./compare-command.ts')).compareCommand(run, options, shell),
      ),
    );
  taking(program.command('replay').argument('<run>', 'execution id'), home, mount, connections, aws, region)
    .description('send the refused and invalid records of a run through its flow again, once it is mended')
    .option('--flow <file>', 'the mended flow (default: as the run had it; with --aws, the deployed one)')
    .option('--dry-run', 'apply the tasks, write nothing')
    .addOption(jsonOption)
    .action(
      does(async (run: string, options) =>
        (await import('./replay-command.ts')).replayCommand(run, options, shell),
      ),
    );
  taking(program.command('verify').argument('<run>', 'execution id'), home, mount, aws, region)
    .description("check a run's certificate against its objects: signature, bytes, records")
    .addOption(jsonOption)
    .action(
      does(async (run: string, options) =>
        (await import('./verify-command.ts')).verifyCommand(run, options, shell),
      ),
    );
  taking(program.command('cancel').argument('<run>', 'execution id'), home, mount, aws, region)
    .description('ask a run to stop; nothing of it is written')
    .option(
      '--abandon',
      'take back a dead run whose commit cannot be finished: its objects are removed; what an application has taken stays',
    )
    .action(
      does(async (run: string, options) =>
        (await import('./flow-commands.ts')).cancelCommand(run, options, shell),
      ),
    );
  taking(program.command('start').argument('<flow>', 'flow file'), home, mount, connections, aws, region)
    .description(
      'run an on-demand flow (with --aws: without waiting for its end), activate one with a schedule or an event pattern',
    )
    .addOption(jsonOption)
    .action(
      does(async (file: string, options) =>
        (await import('./flow-commands.ts')).startCommand(file, options, shell),
      ),
    );
  taking(program.command('stop').argument('<flow>', 'flow file'), home, aws, region)
    .description('deactivate a flow with a schedule or an event pattern')
    .addOption(jsonOption)
    .action(
      does(async (file: string, options) =>
        (await import('./flow-commands.ts')).stopCommand(file, options, shell),
      ),
    );
  taking(program.command('reset').argument('<flow>', 'flow file or name'), home, aws, region)
    .description('forget watermark and schema version; the next run begins as the first')
    .action(
      does(async (flow: string, options) =>
        (await import('./flow-commands.ts')).resetCommand(flow, options, shell),
      ),
    );
  taking(program.command('preview').argument('<flow>', 'flow file'), home, mount, connections)
    .description('show the first records before and after the tasks')
    .option('--limit <n>', 'so many records', '5')
    .addOption(jsonOption)
    .action(
      does(async (file: string, options) =>
        (await import('./flow-commands.ts')).previewCommand(file, options, shell),
      ),
    );
  const connectors = taking(
    program.command('connectors').argument('[name]', 'connector: tell all about it'),
    connections,
  )
    .description(
      'list the connectors: authentication, entities, fields, filters, pages, incremental pulls, limits',
    )
    .addOption(jsonOption)
    .action(
      does(async (name: string | undefined, options) =>
        (await import('./connectors-command.ts')).connectorsCommand(name, options, shell),
      ),
    );
  taking(connectors.command('register').argument('<label>', 'what connections call it'), connections)
    .description('register a connector written for AppFlow, or ask a registered one anew what it offers')
    .option('--lambda <arn>', 'its function, for deployed flows')
    .option('--command <words...>', 'program and arguments that stand in for it on this machine')
    .option('--module <file>', 'JavaScript module that stands in for it on this machine')
    .option('--handler <export>', 'of the module (default: handler)')
    .option('--description <text>', 'for those who read the registration')
    // The options that `connectors` has, too, are read as its own.
    .action(
      does(async (label: string, _options, command: Command) =>
        (await import('./register-command.ts')).registerCommand(label, command.optsWithGlobals(), shell),
      ),
    );
  taking(
    program.command('discover').argument('<connection>', 'connection name').argument('[entity]', 'entity'),
    home,
    mount,
    connections,
    notInAws,
  )
    .description('list the entities of a connection, those below one, or the fields of one')
    .addOption(jsonOption)
    .action(
      does(async (name: string, entity: string | undefined, options) =>
        (await import('./connection-commands.ts')).discoverCommand(name, entity, options, shell),
      ),
    );
  addConnectionCommands(program, {
    shell,
    local: { home, mount, connections },
    region,
    notInAws,
    json: jsonOption,
    collect,
    does,
  });

  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.err(`${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}
