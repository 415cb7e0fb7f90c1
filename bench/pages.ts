/** A vendor of the benchmark's records: 2,000 a page, by number. And the connector for it. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { apiKey, boolean, dateTime, defineConnector, double, entity, long, pageNumber, string } from '#core';

const pageSize = 2_000;

export const pages = defineConnector({
  label: 'Pages',
  docs: 'https://example.com/',
  apiVersion: 'v1',
  baseUrl: 'https://pages.example',
  auth: [apiKey({ label: 'Key', scheme: 'Bearer' })],
  validateCredentials: 'GET /records',
  pagination: pageNumber({ param: 'page', size: { per_page: pageSize } }),
  entities: {
    records: entity({
      docs: 'https://example.com/',
      path: '/records',
      records: 'data',
      primaryKey: ['Id'],
      fields: {
        Id: string(),
        AccountId: string(),
        FirstName: string(),
        LastName: string(),
        Email: string(),
        Title: string(),
        Status: string(),
        IsActive: boolean(),
        AnnualRevenue: double(),
        NumberOfEmployees: long(),
        Score: long(),
        'MailingAddress.city': string({ at: 'MailingAddress.city' }),
        Country: string(),
        CreatedDate: dateTime(),
      },
    }),
  },
});

/**
 * Serves the records of a JSON Lines file, which are put into pages before.
 *
 * @param times how often all of them come
 * @returns the address, and how to end it
 */
export async function servePages(file: string, times = 1): Promise<{ endpoint: string; close(): void }> {
  const bodies: Buffer[] = [];
  const text = await readFile(file);
  for (let start = 0; start < text.length; ) {
    let end = start;
    for (let lines = 0; lines < pageSize && end < text.length; lines++) end = text.indexOf(10, end) + 1;
    const records = text.toString('utf8', start, end - 1).replaceAll('\n', ',');
    bodies.push(Buffer.from(`{"data":[${records}],"more":`));
    start = end;
  }
  const server = createServer((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('page') ?? '1');
    const isThere = page <= bodies.length * times;
    const body = (isThere && bodies[(page - 1) % bodies.length]) || Buffer.from('{"data":[],"more":');
    const rest = `${page < bodies.length * times}}`;
    const length = body.length + rest.length;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
    response.write(body);
    response.end(rest);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}
