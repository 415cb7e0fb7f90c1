#!/usr/bin/env node
import { processTerminal } from '../cli/output.ts';
import { tributary } from '../cli/program.ts';

// A reader that has seen enough (`tributary schema | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await tributary(process.argv.slice(2), processTerminal);
