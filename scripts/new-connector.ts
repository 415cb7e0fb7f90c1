/** Usage: npm run new:connector NAME. Makes a connector's folder from a template and adds it to the registry. */

import { execFileSync } from 'node:child_process';
import { newConnector } from './connector-template.ts';

const root = new URL('../', import.meta.url);
try {
  const { folder, name } = newConnector(process.argv[2] ?? '', root);
  // The fixtures' JSON is set as Biome sets it.
  execFileSync('npx', ['biome', 'check', '--write', `connectors/${folder}`], { cwd: root, stdio: 'ignore' });
  console.log(`connectors/${folder} is there, and ${name} in the registry. It passes:`);
  console.log(`  npx vitest run test/connectors -t ${name}`);
  console.log('Next: docs/writing-a-connector.md');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
