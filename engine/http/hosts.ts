import type { Connector } from '../../core/connector/connector.ts';
import { fillHoles, holesOf } from '../../core/connector/holes.ts';
import { TributaryError } from '../../core/errors.ts';
import type { ConnectionRequest } from '../../core/source.ts';

/** What tells where a connection's requests may go. */
export type Addressed = Pick<Connector, 'label' | 'settings' | 'baseUrl' | 'hosts'>;

/** The declared defaults, under the connection's settings, under what the flow says (see `Setting`). */
export function settingsOf(
  connector: Addressed,
  request: ConnectionRequest,
): Readonly<Record<string, string>> {
  const defaults = Object.entries(connector.settings ?? {}).flatMap(([name, setting]) =>
    setting.default === undefined ? [] : [[name, setting.default] as const],
  );
  const custom = Object.entries(
    (request.properties.customProperties ?? {}) as Record<string, unknown>,
  ).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const own = Object.entries(request.properties).flatMap(([name, value]) =>
    Object.hasOwn(connector.settings ?? {}, name) && ['string', 'boolean', 'number'].includes(typeof value)
      ? [[name, String(value)] as const]
      : [],
  );
  return {
    ...Object.fromEntries(defaults),
    ...request.settings,
    ...Object.fromEntries(own),
    ...Object.fromEntries(custom),
  };
}

/** @throws ConnectionInvalid if the setting is missing */
export function settingOf(
  settings: Readonly<Record<string, string>>,
  name: string,
  connector: Addressed,
): string {
  const value = settings[name];
  if (value === undefined || value === '') {
    throw new TributaryError('ConnectionInvalid', `the setting '${name}' is missing`, {
      at: connector.label,
      expected: connector.settings?.[name]?.label ?? name,
      fix: "add it to the connection's settings or to the flow's customProperties",
    });
  }
  const { values, pattern } = connector.settings?.[name] ?? {};
  if (values?.includes(value) === false || (pattern && !new RegExp(`^(?:${pattern.source})$`).test(value))) {
    throw new TributaryError('ConnectionInvalid', `the setting '${name}' has a wrong value`, {
      at: connector.label,
      got: value,
      expected: values?.join(' or ') ?? `something like ${pattern?.example}`,
    });
  }
  return value;
}

/**
 * What the connector sends with every request, settings in the holes. A header of an optional setting that the connection
 * does not have is left out.
 *
 * @throws ConnectionInvalid if another setting is missing
 */
export function headersOf(connector: Connector, request: ConnectionRequest): Record<string, string> {
  const settings = settingsOf(connector, request);
  const isAbsent = (name: string) => connector.settings?.[name]?.optional === true && !settings[name];
  return Object.fromEntries(
    Object.entries(connector.headers ?? {})
      .filter(([, template]) => !holesOf(template).some(isAbsent))
      .map(([name, template]) => [name, fillHoles(template, (hole) => settingOf(settings, hole, connector))]),
  );
}

/**
 * Where the connection's requests go.
 *
 * @param template default the connector's `baseUrl`
 * @throws ConnectionInvalid if the settings lead to a host that the connector does not declare: credentials would leak
 */
export function baseUrlOf(
  connector: Addressed,
  request: ConnectionRequest,
  template = connector.baseUrl,
): URL {
  if (request.endpoint !== undefined) return loopback(request.endpoint, connector);
  const settings = settingsOf(connector, request);
  const filled = fillHoles(template, (name) => settingOf(settings, name, connector));
  // A setting may hold the address, which people write with or without https and a slash.
  const text = template.startsWith('{') && !filled.includes('://') ? `https://${filled}` : filled;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const own = holesOf(connector.baseUrl).length === 0 ? [new URL(connector.baseUrl).host] : [];
  const hosts = connector.hosts ?? own;
  const usable = url?.protocol === 'https:' && !url.username && !url.search && !url.hash;
  if (!usable || !hosts.some((host) => matches(url.host, host))) {
    throw new TributaryError('ConnectionInvalid', "the settings lead to a host that is not the vendor's", {
      at: connector.label,
      got: url?.host ?? text,
      expected: hosts.join(' or '),
    });
  }
  return url;
}

function matches(host: string, pattern: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

function loopback(endpoint: string, connector: Addressed): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
    throw new TributaryError('ConnectionInvalid', 'an endpoint may only be a server on this machine', {
      at: connector.label,
      got: url?.host ?? endpoint,
      expected: 'http://127.0.0.1:<port>',
    });
  }
  return url;
}

/**
 * `/repos/{owner}/{repo}` below the base URL, each value encoded as one path segment, that of `{+path}` as several.
 *
 * @throws ConnectionInvalid for `.` and `..`, which would climb to another path
 */
export function urlOf(base: URL, path: string, fill: (name: string) => string, at: string): URL {
  const filled = fillHoles(path, (name, isPath) => {
    const value = fill(name);
    const segments = isPath ? value.replace(/^\/+|\/+$/g, '').split('/') : [value];
    if (segments.some((segment) => segment === '.' || segment === '..')) {
      throw new TributaryError('ConnectionInvalid', `'${name}' cannot be part of a path`, { at, got: value });
    }
    // A segment of a path may have parameters: `catalogservice;v=2`.
    return isPath
      ? segments.map((one) => encodeURIComponent(one).replace(/%(3B|3D)/g, decodeURIComponent)).join('/')
      : encodeURIComponent(value);
  });
  return new URL(base.href.replace(/\/$/, '') + filled);
}
