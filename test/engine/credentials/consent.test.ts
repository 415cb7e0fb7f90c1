import { describe, expect, it } from 'vitest';
import { oauth2 } from '#core';
import { finishConsent, startConsent } from '../../../engine/credentials/consent.ts';
import { fakeClock } from '../../support/memory-home.ts';
import { oauthVendor } from '../../support/oauth-server.ts';

const grant = oauth2({
  authorizeUrl: 'https://v.example/authorize?tenant=acme',
  tokenUrl: 'https://v.example/token',
  scopes: ['read all', 'write'],
  scopeSeparator: ',',
  pkce: true,
  authorizeParameters: { access_type: 'offline' },
});
const credentials = { clientId: 'client-1', clientSecret: 'hush-hush-secret' };
const redirectUri = 'http://127.0.0.1:8080/callback';

/** The vendor's answer to a person who consents. */
async function consentAt(url: string, vendor: ReturnType<typeof oauthVendor>): Promise<URL> {
  const { headers } = await vendor.http.send({ method: 'GET', url, headers: {} });
  return new URL(headers.location ?? '');
}

describe('consent', () => {
  it('is asked for with a challenge, and nothing that is secret', () => {
    const consent = startConsent(grant, 'client-1', redirectUri);
    expect(consent.url).toContain('scope=read%20all%2Cwrite');
    const url = new URL(consent.url);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: 'acme',
      access_type: 'offline',
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: redirectUri,
      scope: 'read all,write',
      state: consent.state,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(consent.url).not.toContain(consent.verifier);
    expect(startConsent(grant, 'client-1', redirectUri).state).not.toBe(consent.state);
  });

  it('gives a code that is changed for tokens with the verifier', async () => {
    const clock = fakeClock();
    const vendor = oauthVendor({ now: clock.now });
    const consent = startConsent(grant, 'client-1', redirectUri);
    const answer = await consentAt(consent.url, vendor);
    expect(answer.searchParams.get('state')).toBe(consent.state);
    const code = answer.searchParams.get('code') ?? '';
    const tokens = await finishConsent(grant, consent, code, credentials, { http: vendor.http, clock });
    expect(tokens).toEqual({
      accessToken: expect.stringMatching(/^access-/),
      refreshToken: expect.stringMatching(/^refresh-/),
      expiresInSeconds: 3600,
    });
  });

  it('is of no use to whoever sees the code alone', async () => {
    const clock = fakeClock();
    const vendor = oauthVendor({ now: clock.now });
    const answer = await consentAt(startConsent(grant, 'client-1', redirectUri).url, vendor);
    const thief = startConsent(grant, 'client-1', redirectUri);
    const code = answer.searchParams.get('code') ?? '';
    await expect(
      finishConsent(grant, thief, code, credentials, { http: vendor.http, clock }),
    ).rejects.toMatchObject({ code: 'InvalidCredentials' });
  });
});
