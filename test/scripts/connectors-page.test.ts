import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectorsPage } from '../../scripts/connectors-page.ts';

const page = await connectorsPage();

test('docs/connectors.md is that of the declarations: `npm run docs:connectors` writes it anew', () => {
  const written = readFileSync(new URL('../../docs/connectors.md', import.meta.url), 'utf8');
  expect(written, 'docs/connectors.md is out of date: run `npm run docs:connectors` and commit it').toBe(
    page,
  );
});

/** The cells of a connector's line, without the links. */
function cells(label: string): string[] {
  const line = page.split('\n').find((one) => one.startsWith(`| [${label}]`)) ?? '';
  return line
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.replace(/\[(.+)\]\(.+\)/, '$1'));
}

test('counts what the guide lists, what of it is there, and what the vendor does', () => {
  expect(cells('PayPal')).toEqual([
    'PayPal',
    'clientCredentials, authorizationCode',
    '1/1',
    '17/17',
    '',
    '1/1',
    'page number',
    '6 fields, 3 parameters',
    '',
    '',
  ]);
  expect(cells('WooCommerce').slice(2, 5)).toEqual(['25/25', '379/383', '4']);
});

test('says which take records', () => {
  expect(cells('Salesforce').at(-2)).toBe('yes');
});

test('says where the account, the database or the files tell what there is', () => {
  expect(cells('Amazon S3').slice(1, 4)).toEqual(['none', 'discovered', 'discovered']);
  expect(cells('ServiceNow').slice(2, 4)).toEqual(['discovered', 'discovered']);
  expect(cells('HubSpot').slice(2, 3)).toEqual(['7/7, discovered']);
});
