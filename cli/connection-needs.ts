/** What a connection of a connector is asked for: settings, a scheme, its credentials. */

import { type ConnectionScheme, credentialNames, schemeLabel, schemeName } from '../core/connector/auth.ts';
import type { Setting } from '../core/connector/connector.ts';
import { holesOf } from '../core/connector/holes.ts';
import type { CodedConnection, LoadConnector, LoadedConnector } from '../core/connector/loaded.ts';
import { TributaryError } from '../core/errors.ts';
import { didYouMean } from '../core/flow/finding.ts';
import { grantOf } from '../engine/credentials/grant.ts';
import { expectConnector, readTextFile } from './context.ts';
import type { Prompt } from './prompt.ts';

type Texts = Readonly<Record<string, string>>;

export interface Needs {
  readonly connector: string;
  readonly loaded: LoadedConnector;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly auth: readonly ConnectionScheme[];
  /** Settings that no request can do without. */
  required(scheme: ConnectionScheme): readonly string[];
  /** Addresses of OAuth 2 for a connection. */
  readonly grantOf: CodedConnection['grantOf'];
}

/** @throws NotRunnable for an unknown connector, InvalidArgument for one that needs no connection */
export async function needsOf(connector: string, load: LoadConnector): Promise<Needs> {
  const loaded = await expectConnector(connector, load);
  if (loaded.kind === 'coded') {
    if (!loaded.connection) {
      throw new TributaryError('InvalidArgument', `${loaded.label} needs no connection`, { got: connector });
    }
    const { settings, auth, required } = loaded.connection;
    return {
      connector,
      loaded,
      settings,
      auth,
      required: (scheme) => [...new Set([...required, ...oAuth2Addresses(scheme).flatMap(holesOf)])],
      grantOf: loaded.connection.grantOf,
    };
  }
  const { settings = {}, auth, baseUrl, validateCredentials, headers = {} } = loaded.connector;
  return {
    connector,
    loaded,
    settings,
    auth,
    required: (scheme) => {
      const addresses = [baseUrl, validateCredentials, ...Object.values(headers), ...oAuth2Addresses(scheme)];
      return [...new Set(addresses.flatMap(holesOf))].filter(
        (name) => settings[name]?.default === undefined && !settings[name]?.optional,
      );
    },
    grantOf: (scheme, request) => grantOf(loaded.connector, scheme, request),
  };
}

/** All that may have holes for settings. */
function oAuth2Addresses(scheme: ConnectionScheme): string[] {
  if (scheme.kind !== 'oauth2') return [];
  return [
    scheme.tokenUrl,
    ...scheme.scopes,
    ...Object.values(scheme.tokenParameters ?? {}),
    ...('authorizeUrl' in scheme ? [scheme.authorizeUrl] : []),
    ...('audience' in scheme ? [scheme.audience] : []),
  ];
}

/**
 * The scheme that is named, else the only one, else the one that is chosen.
 *
 * @throws InvalidArgument if there are several and nobody to ask
 */
export async function chooseScheme(
  { auth }: Needs,
  named: string | undefined,
  prompt: Prompt | undefined,
): Promise<ConnectionScheme> {
  const matches = (text: string) =>
    auth.find((scheme) => schemeName(scheme) === text || ('label' in scheme && scheme.label === text));
  const expected = auth.map(schemeName).join(' or ');
  if (named !== undefined) {
    const scheme = matches(named);
    if (scheme) return scheme;
    throw new TributaryError('InvalidArgument', 'the connector has no such way to authenticate', {
      at: '--auth',
      got: named,
      expected,
    });
  }
  const [first, ...others] = auth;
  if (first && others.length === 0) return first;
  if (!prompt) {
    throw new TributaryError('InvalidArgument', 'the connector has several ways to authenticate', {
      expected,
      fix: 'name one with --auth',
    });
  }
  const list = auth.map((scheme, index) => `  ${index + 1}  ${schemeLabel(scheme)}\n`).join('');
  while (true) {
    const answer = await prompt.ask(`How to authenticate:\n${list}Number [1]: `);
    const scheme = auth[Number(answer || '1') - 1] ?? matches(answer);
    if (scheme) return scheme;
  }
}

/** What a scheme is asked for; `optional` may stay empty. */
export function credentialsAsked(scheme: ConnectionScheme): { name: string; optional: boolean }[] {
  const names = (...all: string[]) => all.map((name) => ({ name, optional: false }));
  if (scheme.kind === 'handedOver')
    return [...names(...scheme.credentials), ...scheme.optional.map((name) => ({ name, optional: true }))];
  if (scheme.kind !== 'oauth2') return names(...credentialNames(scheme));
  switch (scheme.grant) {
    case 'authorizationCode':
      // A client that cannot keep a secret has none, and PKCE instead.
      return [...names('clientId'), { name: 'clientSecret', optional: scheme.pkce === true }];
    case 'clientCredentials':
      return names('clientId', 'clientSecret');
    case 'jwtBearer':
      return [...names('clientId', 'privateKey'), { name: 'username', optional: true }];
  }
}

/**
 * Each setting as given, else as answered.
 *
 * @param current what an answer of nothing leaves
 * @throws InvalidArgument naming all that is missing, if there is nobody to ask
 */
export async function askSettings(
  needs: Needs,
  scheme: ConnectionScheme,
  given: Texts,
  current: Texts,
  prompt: Prompt | undefined,
): Promise<Record<string, string>> {
  const known = Object.keys(needs.settings);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TributaryError('InvalidArgument', 'the connector has no such setting', {
      at: '--set',
      got: unknown,
      expected: known.join(', ') || 'none',
      fix: didYouMean(unknown, known) ?? 'leave it out',
    });
  }
  const required = needs.required(scheme);
  const settings: Record<string, string> = {};
  for (const [name, setting] of Object.entries(needs.settings)) {
    let value = given[name];
    if (value === undefined && prompt) {
      const { label, description, values } = setting;
      const fallback = current[name] ?? setting.default;
      const notes = [values?.join(' | '), description].filter(Boolean).join('; ');
      const shown = fallback ? ` [${fallback}]` : required.includes(name) ? '' : ' [none]';
      do {
        value = await prompt.ask(`${label}${notes && ` (${notes})`}${shown}: `);
      } while (value === '' && fallback === undefined && required.includes(name));
      // What the declaration says anyway need not be in the file.
      if (value === setting.default) value = '';
    }
    const kept = value || current[name];
    if (kept) settings[name] = kept;
  }
  const missing = required.filter((name) => settings[name] === undefined);
  refuseMissing(missing.map((name) => `--set ${name}=…`));
  return settings;
}

/**
 * Each credential as given, else as answered, hidden.
 *
 * @param current what an answer of nothing leaves
 * @throws InvalidArgument naming all that is missing, if there is nobody to ask
 */
export async function askCredentials(
  scheme: ConnectionScheme,
  given: Texts,
  current: Texts,
  prompt: Prompt | undefined,
): Promise<Record<string, string>> {
  const asked = credentialsAsked(scheme);
  const known = [...asked.map(({ name }) => name), ...(scheme.kind === 'oauth2' ? tokens : [])];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TributaryError('InvalidArgument', 'this way to authenticate has no such credential', {
      at: '--secret',
      got: unknown,
      expected: known.join(', '),
    });
  }
  const credentials: Record<string, string> = { ...given };
  // A token as such needs nothing beside it.
  if (given.accessToken) return credentials;
  const isShown = scheme.kind === 'handedOver' ? scheme.shown : [];
  for (const { name, optional } of asked) {
    if (given[name] !== undefined) continue;
    const isFile = name === 'privateKey';
    let value = '';
    if (prompt) {
      const note = current[name] ? ' [unchanged]' : optional ? ' [none]' : '';
      const question = isFile ? 'File with the private key (PEM)' : name;
      const hidden = !isFile && !shown.has(name) && !isShown.includes(name);
      do {
        value = await prompt.ask(`${question}${note}: `, { hidden });
      } while (value === '' && !optional && !current[name]);
      if (isFile && value) value = await readSecretFile(value);
    }
    const kept = value || current[name];
    if (kept) credentials[name] = kept;
  }
  const missing = asked.filter(({ name, optional }) => !optional && !credentials[name]);
  refuseMissing(missing.map(({ name }) => `--secret ${name}=env:VARIABLE`));
  return scheme.kind === 'handedOver' ? { ...credentials, ...scheme.fixed } : credentials;
}

/** May be given instead of consenting. */
const tokens = ['refreshToken', 'accessToken'];
/** No secrets. */
const shown = new Set(['clientId', 'username', 'email']);

function refuseMissing(flags: readonly string[]): void {
  if (flags.length === 0) return;
  throw new TributaryError('InvalidArgument', `there is nobody to ask for ${flags.join(', ')}`, {
    fix: 'give them, or run the command in a terminal',
  });
}

/** `key=value` of --set, or of another option. */
export function readSettings(flags: readonly string[] = [], option = '--set'): Record<string, string> {
  return Object.fromEntries(flags.map((flag) => pair(option, flag, 'KEY=VALUE')));
}

/** `key=env:VARIABLE` or `key=file:PATH` of --secret. No value as such: the shell would keep it in its history. */
export async function readSecrets(
  flags: readonly string[] = [],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const read = async (flag: string): Promise<[string, string]> => {
    const form = 'KEY=env:VARIABLE or KEY=file:PATH';
    const [name, reference] = pair('--secret', flag, form);
    const [, kind, where = ''] = /^(env|file):(.+)$/s.exec(reference) ?? [];
    if (kind === 'file') return [name, await readSecretFile(where)];
    if (kind !== 'env') {
      // Without `got`: it may be the secret.
      throw new TributaryError('InvalidArgument', 'a secret is not given on the command line itself', {
        at: `--secret ${name}`,
        expected: form,
      });
    }
    const value = env[where];
    if (value) return [name, value];
    throw new TributaryError('InvalidCredentials', 'the environment variable is not set', {
      at: `--secret ${name}`,
      got: where,
    });
  };
  return Object.fromEntries(await Promise.all(flags.map(read)));
}

function pair(option: string, flag: string, expected: string): [string, string] {
  const at = flag.indexOf('=');
  if (at > 0) return [flag.slice(0, at), flag.slice(at + 1)];
  throw new TributaryError('InvalidArgument', `not what ${option} takes`, { at: option, expected });
}

async function readSecretFile(file: string): Promise<string> {
  return (await readTextFile(file)).trim();
}
