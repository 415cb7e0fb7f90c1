import { expect, test } from 'vitest';
import { readXml } from '../../../engine/http/xml.ts';

test('elements keep their prefixes, attributes and texts', () => {
  const text =
    '<?xml version="1.0"?><e:a xmlns:e="urn:x" k="1 &amp; 2"><b/><c>x<d>y</d></c><!-- no --></e:a>';
  expect(readXml(text, 'X')).toEqual({
    name: 'e:a',
    attributes: { 'xmlns:e': 'urn:x', k: '1 & 2' },
    text: 'xy',
    elements: [
      { name: 'b', attributes: {}, elements: [], text: '' },
      {
        name: 'c',
        attributes: {},
        text: 'xy',
        elements: [{ name: 'd', attributes: {}, elements: [], text: 'y' }],
      },
    ],
  });
});

test.each([
  '',
  'secret words',
  '<a>',
  '{"a":1}',
  '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
])('no XML, or one with entities of its own, is refused without being quoted: %s', (text) => {
  expect(() => readXml(text, 'X')).toThrow(/^X: the answer is not XML$/);
});

test.each([
  '<?xml version="1.0"?><a><secret>words</secret>',
  '\uFEFF<?xml version="1.0"?><a>',
  '<edmx:Edmx xmlns:edmx="e"><edmx:DataServices>',
])('XML that breaks off may be whole when it is asked for again: %s', (text) => {
  expect(() => readXml(text, 'X')).toThrow(
    expect.objectContaining({ code: 'ServerError', message: "X: the answer's XML is broken" }),
  );
});
