/** The ways in: what a request must carry, and the vendor's token endpoint where it has one. */

import { createHash } from 'node:crypto';
import type { Answer, Asked, Handler, World } from './exchange.ts';

export interface Auth {
  /** As `connection create --auth` names it, where the connector knows several. */
  readonly name?: string;
  /** Of the connection's secret. */
  readonly credentials: Readonly<Record<string, string>>;
  /** More properties of a connection that authenticates this way. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Answered to anybody: where tokens come from. */
  readonly routes?: Readonly<Record<string, Handler>>;
  accepts(asked: Asked, world: World): boolean;
  /** Ends every token before its time. Absent: a key stays good, and is only refused once. */
  readonly endTokens?: (world: World) => void;
  /** Takes back what a person has consented to: refresh tokens, too, are no good any more. */
  readonly revoke?: (world: World) => void;
}

/** `authorization: Bearer …`, or with another scheme's word. */
export function bearer(
  apiKey: string,
  options: { readonly scheme?: string; readonly name?: string } = {},
): Auth {
  return {
    ...(options.name && { name: options.name }),
    credentials: { apiKey },
    accepts: ({ headers }) => headers.authorization === `${options.scheme ?? 'Bearer'} ${apiKey}`,
  };
}

/** @param pair user name and password as the header has them; default those of the credentials */
export function basic(
  credentials: Readonly<Record<string, string>>,
  options: {
    readonly pair?: readonly [string, string];
    readonly name?: string;
    readonly settings?: Auth['settings'];
  } = {},
): Auth {
  const [username, password] = options.pair ?? [credentials.username ?? '', credentials.password ?? ''];
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return {
    ...(options.name && { name: options.name }),
    ...(options.settings && { settings: options.settings }),
    credentials,
    accepts: ({ headers }) => headers.authorization === expected,
  };
}

export interface OAuthPlan {
  readonly grant: 'authorizationCode' | 'clientCredentials';
  readonly tokenPath: string;
  readonly authorizePath?: string;
  /** Seconds that an access token is good for. */
  readonly expiresIn: number;
  /** A refresh gives a new refresh token and ends the one before. */
  readonly rotates?: boolean;
  /** How the client says who it is: in the form, by basic authentication, or either. Default either. */
  readonly client?: 'form' | 'basic';
  /** The grant may be asked for by GET with a query (Marketo). */
  readonly byQuery?: boolean;
  /** The request's parameters are JSON. Default a form. */
  readonly json?: boolean;
  /** The token's answer, where it is not the standard's. */
  readonly shape?: (standard: TokenAnswer, grant: string) => object;
  /** The answer to a refresh token that is no good, where it is not the standard's: 400 with `invalid_grant`. */
  readonly refusedRefresh?: Answer;
  readonly settings?: Auth['settings'];
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly refresh_token?: string;
}

/** OAuth 2 (RFC 6749, RFC 7636): whoever asks for consent gets it at once. */
export function oauth2(plan: OAuthPlan): Auth {
  const client = { clientId: 'simulated-client', clientSecret: 'simulated-client-secret-2f81' };
  const firstRefreshToken = 'simulated-refresh-token-0';
  const key = `oauth ${plan.tokenPath}`;
  interface Tokens {
    /** Access token → epoch milliseconds of its end. */
    readonly access: Map<string, number>;
    readonly codes: Map<string, { readonly challenge: string | null; readonly redirectUri: string | null }>;
    refresh: string;
    given: number;
  }
  const tokensOf = ({ memory }: World): Tokens => {
    const fresh: Tokens = { access: new Map(), codes: new Map(), refresh: firstRefreshToken, given: 0 };
    const tokens = (memory.get(key) as Tokens | undefined) ?? fresh;
    memory.set(key, tokens);
    return tokens;
  };
  const refused = (error: string, status = 400): Answer => ({ status, body: { error } });

  function token(asked: Asked, world: World): Answer {
    const form = plan.byQuery && asked.method === 'GET' ? asked.query : formOf(asked);
    if (!isClient(asked, form)) return refused('invalid_client', 401);
    const tokens = tokensOf(world);
    const grant = form.get('grant_type');
    const redeems = plan.grant === 'authorizationCode';
    if (redeems && grant === 'refresh_token') {
      if (form.get('refresh_token') !== tokens.refresh) {
        return plan.refusedRefresh ?? refused('invalid_grant');
      }
    } else if (redeems && grant === 'authorization_code') {
      const code = tokens.codes.get(form.get('code') ?? '');
      tokens.codes.delete(form.get('code') ?? '');
      const verifier = form.get('code_verifier');
      const challenge = verifier === null ? null : createHash('sha256').update(verifier).digest('base64url');
      if (!code || code.challenge !== challenge || code.redirectUri !== form.get('redirect_uri')) {
        return refused('invalid_grant');
      }
    } else if (redeems || grant !== 'client_credentials') {
      return refused('unsupported_grant_type');
    }
    tokens.given++;
    if (redeems && plan.rotates) tokens.refresh = `simulated-refresh-token-${tokens.given}`;
    const accessToken = `simulated-access-token-${tokens.given}`;
    tokens.access.set(accessToken, world.now() + plan.expiresIn * 1000);
    const standard: TokenAnswer = {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: plan.expiresIn,
      ...(redeems && { refresh_token: tokens.refresh }),
    };
    return { body: plan.shape?.(standard, grant ?? '') ?? standard };
  }

  function formOf({ json, text }: Asked): URLSearchParams {
    const isObject = typeof json === 'object' && json !== null;
    return new URLSearchParams(plan.json ? (isObject ? { ...json } : {}) : text);
  }

  function isClient({ headers }: Asked, form: URLSearchParams): boolean {
    const { clientId, clientSecret } = client;
    const byForm = form.get('client_id') === clientId && form.get('client_secret') === clientSecret;
    const pair = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const byHeader = headers.authorization === `Basic ${pair}`;
    return (plan.client !== 'basic' && byForm) || (plan.client !== 'form' && byHeader);
  }

  function consent({ query }: Asked, world: World): Answer {
    const tokens = tokensOf(world);
    const code = `simulated-code-${tokens.codes.size + tokens.given + 1}`;
    const redirectUri = query.get('redirect_uri');
    if (query.get('client_id') !== client.clientId || redirectUri === null) return refused('invalid_request');
    tokens.codes.set(code, { challenge: query.get('code_challenge'), redirectUri });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  }

  return {
    name: plan.grant,
    credentials: {
      ...client,
      ...(plan.grant === 'authorizationCode' && { refreshToken: firstRefreshToken }),
    },
    ...(plan.settings && { settings: plan.settings }),
    routes: {
      [`POST ${plan.tokenPath}`]: token,
      ...(plan.byQuery && { [`GET ${plan.tokenPath}`]: token }),
      ...(plan.authorizePath && { [`GET ${plan.authorizePath}`]: consent }),
    },
    accepts(asked, world) {
      const [, given = ''] = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '') ?? [];
      return (tokensOf(world).access.get(given) ?? 0) > world.now();
    },
    endTokens: (world) => tokensOf(world).access.clear(),
    ...(plan.grant === 'authorizationCode' && {
      revoke: (world: World) => {
        const tokens = tokensOf(world);
        tokens.access.clear();
        tokens.refresh = '';
      },
    }),
  };
}
