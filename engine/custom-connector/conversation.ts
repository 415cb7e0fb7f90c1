/** Requests to a custom connector on behalf of a connection. */

import { authenticationType, undoableOAuth } from '../../core/custom-connector/authentication.ts';
import type { ConnectorRegistration } from '../../core/custom-connector/registration.ts';
import { type ConnectorRole, checkSettings } from '../../core/custom-connector/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import type { SourcePorts, SourceRequest } from '../../core/source.ts';
import { renewable, schemeOf } from '../credentials/grant.ts';
import type { Credentials } from '../credentials/token-request.ts';
import { redact } from '../http/vendor-error.ts';
import type { AnswerOf, EntityDefinition, RequestType } from './answers.ts';
import { type Attempt, connectorClient, refusal } from './client.ts';
import { connectorConnection } from './connection.ts';
import type { ConnectorHost, ProtocolMessage } from './host.ts';

/** Of a source's request, or the like of a destination. */
export type ConversationRequest = Pick<
  SourceRequest,
  'flowName' | 'connectorProfileName' | 'apiVersion' | 'properties' | 'settings' | 'endpoint'
>;
export type ConversationPorts = Pick<SourcePorts, 'credentials' | 'accessToken' | 'clock' | 'log'>;

export interface Conversation {
  /** @throws ConnectionInvalid for wrong settings, before anything is asked; what the connector's error code says */
  ask<T extends RequestType>(type: T, ofRequest: RequestMaker): Promise<AnswerOf<T>>;
  /** The same for an answer whose failure says more than its code. */
  attempt<T extends RequestType>(type: T, ofRequest: RequestMaker): Promise<Attempt<T>>;
  /** The error that a failure is. */
  refusal(type: RequestType, failed: Attempt<RequestType>): TributaryError;
  /** A text of the connector's without what it knows of the connection's credentials. */
  redacted(text: string): string;
}

/** Makes a request's members: with another token, they are others. */
export type RequestMaker = (around: RequestParts) => ProtocolMessage;

export interface RequestParts {
  readonly credentials: { readonly secretArn: string; readonly authenticationType: string };
  readonly connectorRuntimeSettings: Readonly<Record<string, string>>;
  /** `connectorContext`. @param entityDefinition of requests on records */
  context(entityDefinition?: EntityDefinition): ProtocolMessage;
}

/** Milliseconds before each try with a new token: a function that is warm may still hold the old one. */
const patience = [0, 2_000, 5_000];

/** @param role absent: only the connection is looked at */
export function conversation(
  registration: ConnectorRegistration,
  host: ConnectorHost,
  request: ConversationRequest,
  ports: ConversationPorts,
  role?: ConnectorRole,
): Conversation {
  const { connectorLabel: label, connectorConfiguration } = registration;
  const { connectorProfileName: name = '', flowName, properties, settings } = request;
  const client = connectorClient(label, host, ports.log);
  const custom = (properties.customProperties ?? {}) as Readonly<Record<string, string>>;
  const apiVersion = request.apiVersion ?? connectorConfiguration.supportedApiVersions[0] ?? '';
  const access = accessOf(registration, host, request, ports);

  function check(): void {
    const given = { connection: settings, ...(role && { flow: custom, role }) };
    checkSettings(registration, given, `connection ${name}, ${label}`);
    if (connectorConfiguration.supportedApiVersions.includes(apiVersion)) return;
    throw new TributaryError('InvalidArgument', 'the connector has no such version', {
      at: `${label}, apiVersion`,
      got: apiVersion,
      expected: connectorConfiguration.supportedApiVersions.join(' or '),
    });
  }

  async function send<T extends RequestType>(type: T, ofRequest: RequestMaker): Promise<Attempt<T>> {
    const credentials = await access.current();
    const connectorRuntimeSettings = { ...settings, ...custom };
    const context = (entityDefinition?: EntityDefinition) => ({
      apiVersion,
      credentials,
      connectorRuntimeSettings,
      ...(entityDefinition && { entityDefinition: entityDefinition.given }),
      ...(flowName && { flowName }),
      connectorProfileLabel: name,
    });
    return client.attempt(type, ofRequest({ credentials, connectorRuntimeSettings, context }));
  }

  async function attempt<T extends RequestType>(type: T, ofRequest: RequestMaker): Promise<Attempt<T>> {
    check();
    let got = await send(type, ofRequest);
    if (!isRejected(got) || !(await access.renew())) return got;
    for (const wait of patience) {
      if (wait > 0) await ports.clock.sleep(wait);
      got = await send(type, ofRequest);
      if (!isRejected(got)) break;
    }
    return got;
  }

  const refused = (type: RequestType, { outcome }: Attempt<RequestType>) =>
    refusal(outcome, `${label}, ${type.replace(/Request$/, '')}`, access.secrets());
  return {
    attempt,
    refusal: refused,
    redacted: (text) => redact(text, access.secrets()),
    async ask(type, ofRequest) {
      const got = await attempt(type, ofRequest);
      if (!got.outcome.isSuccess || got.answer === undefined) throw refused(type, got);
      return got.answer;
    },
  };
}

function isRejected({ outcome }: Attempt<RequestType>): boolean {
  return !outcome.isSuccess && outcome.errorDetails?.errorCode === 'InvalidCredentials';
}

interface Access {
  /** What a request names the credentials by. Of OAuth 2, a token that ends soon is renewed. */
  current(): Promise<RequestParts['credentials']>;
  /** Gets another token in place of the one that was refused; `false`: there is none to get. */
  renew(): Promise<boolean>;
  secrets(): readonly string[];
}

function accessOf(
  registration: ConnectorRegistration,
  host: ConnectorHost,
  { connectorProfileName: name = '', ...request }: ConversationRequest,
  ports: ConversationPorts,
): Access {
  const { connectorLabel: label, connectorConfiguration } = registration;
  const connection = connectorConnection(registration);
  let held: Credentials | undefined;
  let named: RequestParts['credentials'] | undefined;
  let token: string | undefined;

  async function prepare(rejected?: string): Promise<RequestParts['credentials']> {
    held ??= await ports.credentials();
    const oauth = connectorConfiguration.authenticationConfig.oAuth2Defaults;
    const undoable = oauth && undoableOAuth(oauth);
    if (connection.auth.length === 0) {
      throw new TributaryError('NotRunnable', 'no way to authenticate of this connector is supported', {
        at: label,
        ...(undoable && { got: undoable }),
      });
    }
    const scheme = schemeOf({ label, auth: connection.auth }, held);
    const renews = scheme.kind === 'oauth2' && renewable(scheme, held);
    const current =
      renews && connection.grantOf
        ? (await ports.accessToken(connection.grantOf(scheme, request), rejected)).token
        : undefined;
    if (named && token === current) return named;
    const secretArn =
      current === undefined ? await host.secretArn(name, held) : await host.tokenSecretArn(name, current);
    token = current;
    named = { secretArn, authenticationType: authenticationType(scheme) };
    return named;
  }

  return {
    current: () => prepare(),
    async renew() {
      if (token === undefined) return false;
      await prepare(token);
      return true;
    },
    secrets: () => [...Object.values(held ?? {}), token ?? ''].filter((value) => value.length > 3),
  };
}
