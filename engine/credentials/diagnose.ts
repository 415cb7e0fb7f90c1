import type { TributaryError } from '../../core/errors.ts';
import { dateOf } from '../http/moments.ts';

/** What is known of the vendor's last answer; lower-case header names. */
export interface LastAnswer {
  readonly headers: Readonly<Record<string, string>>;
  /** Our clock when it came, epoch milliseconds. */
  readonly at: number;
}

/** Milliseconds by which clocks may differ before signatures and assertions are refused; most vendors allow five minutes. */
const tolerableSkew = 60_000;

/** By how much this machine's clock is wrong, if it matters: `610 s ahead of the vendor's`. */
export function clockSkew({ headers, at }: LastAnswer): string | undefined {
  const skew = at - (dateOf(headers.date) ?? at);
  if (Math.abs(skew) < tolerableSkew) return undefined;
  return `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the vendor's`;
}

/**
 * What most likely keeps a connection from working, and what to do: `expired`, `revoked`, `a scope is missing`, `wrong
 * host`, `clock skew` … `undefined`: it is no matter of the connection.
 */
export function diagnose(
  error: TributaryError,
  last: LastAnswer | undefined,
): { readonly cause: string; readonly fix: string } | undefined {
  const challenge = last?.headers['www-authenticate'] ?? '';
  const told = `${error.message} ${error.context.vendorCode ?? ''} ${challenge}`;
  switch (error.code) {
    case 'ConnectorUnreachable':
    case 'ResourceNotFoundError':
      return { cause: 'wrong host', fix: 'check the settings that the address is made of' };
    case 'AccessDenied':
      return { cause: `a scope is missing${scopesOf(last, challenge)}`, fix: 'grant it, and consent anew' };
    case 'InvalidCredentials': {
      const skew = last && clockSkew(last);
      if (skew) return { cause: `clock skew: this machine's clock is ${skew}`, fix: 'set the clock' };
      // https://www.rfc-editor.org/rfc/rfc6750#section-3.1
      if (/insufficient_scope|\bscope/i.test(told))
        return { cause: `a scope is missing${scopesOf(last, challenge)}`, fix: 'grant it, and consent anew' };
      if (/revoked/i.test(told) && !/expired/i.test(told))
        return { cause: 'revoked', fix: 'give new credentials' };
      if (/expired/i.test(told) && !/revoked/i.test(told))
        return { cause: 'expired', fix: 'give new credentials' };
      if (/needs consent/.test(told)) return { cause: 'expired or revoked', fix: 'consent anew' };
      return { cause: 'wrong or revoked', fix: 'give new credentials' };
    }
    default:
      return undefined;
  }
}

/** The scopes that the answer names. */
function scopesOf(last: LastAnswer | undefined, challenge: string): string {
  const scopes =
    /scope="([^"]*)"/.exec(challenge)?.[1] ??
    // https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    last?.headers['x-accepted-oauth-scopes'];
  return scopes ? ` (${scopes})` : '';
}
