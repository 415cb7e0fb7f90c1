/** The README's example with every simulated vendor, as it is printed. */

import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exampleCommands, introduction, startFromArguments } from '../../simulators/command.ts';
import { vendors } from '../../simulators/registry.ts';
import { startSimulator } from '../../simulators/simulator.ts';
import { stripe } from '../../simulators/vendors/stripe.ts';
import { command } from '../cli/command.ts';

describe.each(Object.entries(vendors))('%s', (name, vendor) => {
  test('can be connected to, discovered, previewed and read as the README shows', async () => {
    const simulator = await startSimulator(vendor, { records: 120 });
    onTestFinished(() => simulator.close());
    const cli = command();
    cli.write('home/s3/lake/.keep', '');
    // Whose stamps are those of this machine.
    cli.clock.advance(Date.now() - cli.clock.now());
    cli.shell = { openBrowser: (url) => void fetch(url) };
    const outputs: string[] = [];
    for (const { environment, args } of exampleCommands(name, vendor, simulator.endpoint)) {
      Object.assign(cli.env, environment);
      const ran = await cli.run(...args);
      expect(ran.exitCode, args.join(' ') + ran.out + ran.err).toBe(0);
      outputs.push(ran.out);
    }
    const [create, test, discover, preview, run] = outputs;
    expect(create).toContain(`${name}: works`);
    expect(test).toContain(`${name}: works`);
    expect(discover).toMatch(/^\S+ +(String|Integer|Long|DateTime)\b/m);
    expect(preview).toMatch(/^record 2$/m);
    expect(run).toMatch(/^ {2}status +Successful$/m);
    const [, written = ''] = /^ {2}written +([\d,]+) records/m.exec(run ?? '') ?? [];
    expect(Number(written.replaceAll(',', ''))).toBeGreaterThan(20);
    const text = outputs.join('');
    for (const secret of Object.values(vendor.auth[0].credentials)) {
      if (secret.length > 12) expect(text).not.toContain(secret);
    }
  });
});

test('a vendor that asks to slow down and does not say for how long is waited for', async () => {
  const { servicenow } = vendors;
  if (!servicenow) throw new Error('there is one');
  const cli = command();
  cli.clock.advance(Date.now() - cli.clock.now());
  const simulator = await startSimulator(servicenow, { records: 30 });
  onTestFinished(() => simulator.close());
  const [create, , discover, preview] = exampleCommands('servicenow', servicenow, simulator.endpoint);
  for (const step of [create, discover, preview]) {
    Object.assign(cli.env, step?.environment);
    const ran = await cli.run(...(step?.args ?? []));
    expect(ran.exitCode, ran.out + ran.err).toBe(0);
    expect(simulator.injected().get('429')).toBe(step === create ? undefined : 1);
    simulator.inject({ kinds: ['429'], times: 1 });
  }
});

describe('npm run simulator', () => {
  test('starts what it is told, and says what to type next', async () => {
    const { simulator, text } = await startFromArguments(['stripe', '--port', '0', '--records', '30']);
    onTestFinished(() => simulator.close());
    expect(simulator.collection('customers').all()).toHaveLength(30);
    expect(text.split('\n')).toEqual([
      `Stripe, simulated, on ${simulator.endpoint}. In another terminal:`,
      '',
      'mkdir -p .tributary/s3/lake',
      `SIMULATED_API_KEY=sk_test_simulated_4f1c npx tsx bin/tributary.ts connection create stripe --connector Stripe --endpoint ${simulator.endpoint} --secret apiKey=env:SIMULATED_API_KEY`,
      'npx tsx bin/tributary.ts connection test stripe',
      'npx tsx bin/tributary.ts discover stripe customers',
      'npx tsx bin/tributary.ts preview examples/simulated/stripe.yaml --limit 2',
      'npx tsx bin/tributary.ts run examples/simulated/stripe.yaml',
    ]);
  });

  test('quotes what a shell would take apart', async () => {
    const { simulator, text } = await startFromArguments(['sap-odata', '--port', '0', '--records', '30']);
    onTestFinished(() => simulator.close());
    expect(text).toContain(" --set 'applicationServicePath=/sap/opu/odata/iwfnd/catalogservice;v=2' --set ");
  });

  test('says what the README shows', async () => {
    const readme = (await readFile('README.md', 'utf8')).replaceAll(' \\\n  ', ' ');
    const text = introduction('stripe', stripe, 'http://127.0.0.1:8085');
    expect(readme).toContain(text.split('\n').slice(2).join('\n'));
  });

  test.each([
    [['nobody']],
    [[]],
    [['stripe', '--faults', '429,oops']],
    [['stripe', '--records', 'many']],
    [['stripe', '--speed', '3']],
    [['stripe', '--every', '1']],
  ])('shows how it is used for %j', async (args) => {
    await expect(startFromArguments(args)).rejects.toThrow('npm run simulator -- VENDOR [--port 8085]');
  });
});

test('says that another simulator has the port', async () => {
  const { simulator } = await startFromArguments(['stripe', '--port', '0', '--records', '1']);
  onTestFinished(() => simulator.close());
  const { port } = new URL(simulator.endpoint);
  await expect(startFromArguments(['stripe', '--port', port, '--records', '1'])).rejects.toThrow(
    `port ${port} is in use, by another simulator perhaps; choose another: --port`,
  );
});
