#!/usr/bin/env node
import { App } from 'aws-cdk-lib';
import { exitCodeOf, messageOf, TributaryError } from '../core/errors.ts';
import { addTributary } from '../lib/app.ts';

try {
  addTributary(new App());
} catch (error) {
  if (!(error instanceof TributaryError)) throw error;
  console.error(messageOf(error));
  process.exitCode = exitCodeOf(error);
}
