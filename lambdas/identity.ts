/**
 * The platform's custom resource `Custom::FlowIdentity`: CloudFormation asks it about every flow that it creates or updates,
 * and does not deploy one whose source or destination is not the one that its state belongs to.
 */

import https from 'node:https';
import * as z from 'zod';
import { messageOf } from '../core/errors.ts';
import { checkIdentity } from '../core/flow/identity.ts';
import type { StateStore } from '../core/ports.ts';
import { type FlowState, flowKey } from '../engine/run/run.ts';
import { platformState } from './aws/platform-state.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html */
const customResourceRequest = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResourceProperties: z.object({ FlowName: z.string(), Identity: z.string() }),
});

/** @returns why the flow must not be deployed so; undefined if it may */
export async function refusalOf(
  { RequestType, ResourceProperties }: z.infer<typeof customResourceRequest>,
  state: Pick<StateStore, 'get'>,
): Promise<string | undefined> {
  if (RequestType === 'Delete') return undefined;
  const { FlowName, Identity } = ResourceProperties;
  try {
    const item = await state.get<FlowState>(flowKey(FlowName), 'STATE');
    checkIdentity(FlowName, item?.data.identity, Identity);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

let state: StateStore | undefined;

export async function handler(event: unknown): Promise<void> {
  const request = customResourceRequest.parse(event);
  state ??= platformState(process.env);
  const refusal = await refusalOf(request, state);
  const { StackId, RequestId, LogicalResourceId, ResourceProperties } = request;
  const body = JSON.stringify({
    Status: refusal === undefined ? 'SUCCESS' : 'FAILED',
    ...(refusal !== undefined && { Reason: refusal }),
    PhysicalResourceId: `identity-of-${ResourceProperties.FlowName}`,
    StackId,
    RequestId,
    LogicalResourceId,
  });
  await put(request.ResponseURL, body);
}

/** CloudFormation's presigned address takes no content type, which fetch would set. */
function put(url: string, body: string): Promise<void> {
  const { hostname, pathname, search } = new URL(url);
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = https.request(
      { hostname, path: pathname + search, method: 'PUT', headers },
      (response) => {
        response.resume();
        if (response.statusCode === 200) resolve();
        else
          reject(new Error(`CloudFormation answered ${response.statusCode} to the custom resource's answer`));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
