import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { StateStore } from '../../core/ports.ts';
import { clientConfig } from './client-config.ts';
import { dynamoStateStore } from './state-store.ts';

/** The state table that the environment of a platform's function names. */
export function platformState(env: NodeJS.ProcessEnv): StateStore {
  const { STATE_TABLE } = z.object({ STATE_TABLE: z.string() }).parse(env);
  return dynamoStateStore(new DynamoDBClient(clientConfig), STATE_TABLE);
}
