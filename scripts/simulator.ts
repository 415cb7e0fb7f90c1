/** `npm run simulator`: see simulators/README.md. */

import { startFromArguments } from '../simulators/command.ts';

try {
  const { text } = await startFromArguments(process.argv.slice(2));
  console.log(text);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
