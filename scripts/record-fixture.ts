/**
 * Plays a vendor's answers, one after the other, to an entity of the registry, and writes down what was asked and what came
 * of it as the entity's fixtures. Read both before you commit them: they say what the declaration does, not what is right.
 *
 * Usage: tsx scripts/record-fixture.ts Okta users < answers.json
 * answers.json: { settings, request, before?, answers: [{ headers?, body }] }
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadConnector } from '../connectors/registry.ts';
import type { PageToken, SourceRequest } from '../core/index.ts';
import { declaredSource } from '../engine/http/declared-source.ts';
import { folderOf } from '../test/support/declarations.ts';
import { fixtureFile, readSetOf, recordOf } from '../test/support/fixture.ts';
import { recordedBody } from '../test/support/http-server.ts';
import { testHttp, testSourcePorts } from '../test/support/source-ports.ts';

const [, , name = '', entityName = ''] = process.argv;
const { settings = {}, request = {}, before, answers } = JSON.parse(readFileSync(0, 'utf8'));
const loaded = await loadConnector(name);
if (loaded?.kind !== 'declared') throw new Error(`there is no declared connector ${name}`);
const { connector } = loaded;

const http = testHttp((_, index) => {
  const answer = answers[index];
  if (!answer) return new Error(`there is no answer ${index + 1}`);
  return { ...answer, body: recordedBody(answer.body) };
});
const credentials = new Proxy<Record<string, string>>({}, { get: () => 'a-credential' });
const ports = testSourcePorts({ http, credentials });
const source = declaredSource(connector);
const asked: SourceRequest = {
  flowName: 'fixture',
  connector: name,
  properties: { entityName },
  settings,
  fields: [],
  filters: request.filters ?? [],
  window: request.window ?? { end: Date.UTC(2024, 4, 2) },
  ...(request.incrementalField ? { incrementalField: request.incrementalField } : {}),
};
const { splits } = await source.describe(asked, ports);
const records: unknown[] = [];
for (const split of splits) {
  const session = await source.open({ ...asked, fields: readSetOf({ request }) }, split, ports);
  let token: PageToken | undefined;
  do {
    const page = await session.read(token);
    records.push(...page.rows.map((row) => recordOf({ request }, row)));
    token = page.next;
  } while (token !== undefined);
}
if (http.requests.length < answers.length)
  throw new Error(`only ${http.requests.length} answers were asked for`);

const exchanges = http.requests.map(({ url, method, body, headers }, index) => {
  const isForm = headers['content-type']?.includes('form');
  const sent = body === undefined ? {} : { sent: isForm ? String(body) : JSON.parse(String(body)) };
  const { headers: answered = {}, ...answer } = answers[index];
  const date = { 'content-type': 'application/json', date: 'Thu, 02 May 2024 00:05:00 GMT' };
  return {
    ...(method === 'GET' ? {} : { method }),
    url,
    ...sent,
    headers: { ...date, ...answered },
    ...answer,
  };
});
const folder = new URL(`../connectors/${folderOf(connector)}/fixtures/`, import.meta.url);
mkdirSync(folder, { recursive: true });
const write = (file: string, content: unknown) =>
  writeFileSync(new URL(file, folder), `${JSON.stringify(content, null, 2)}\n`);
write(fixtureFile(entityName, 'exchanges'), {
  settings,
  request,
  ...(before === undefined ? {} : { before }),
  exchanges,
});
write(fixtureFile(entityName, 'records'), records);
execFileSync('npx', ['biome', 'check', '--write', folder.pathname], { stdio: 'ignore' });
for (const { method, url, body } of http.requests) console.log(method, decodeURIComponent(url), body ?? '');
