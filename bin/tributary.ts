#!/usr/bin/env node
import { processTerminal } from '../cli/output.ts';
import { tributary } from '../cli/program.ts';

process.exitCode = await tributary(process.argv.slice(2), processTerminal);
