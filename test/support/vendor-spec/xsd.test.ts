import { expect, test } from 'vitest';
import { xmlSchema } from './xsd.ts';

const schema = xmlSchema([
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
    <xs:complexType name="Base"><xs:sequence>
      <xs:element name="Id" type="xs:string"/>
      <xs:element name="MetaData" type="Times"/>
    </xs:sequence><xs:attribute name="sparse" type="xs:boolean"/></xs:complexType>
    <xs:complexType name="Times"><xs:sequence><xs:element name="Created" type="xs:dateTime"/></xs:sequence></xs:complexType>
  </xs:schema>`,
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:b="urn:base">
    <xs:element name="Line" type="Line"/>
    <xs:complexType name="Line"><xs:sequence><xs:element name="Amount" type="xs:decimal"/></xs:sequence></xs:complexType>
    <xs:group name="Links"><xs:sequence><xs:element name="Linked" type="xs:string"/></xs:sequence></xs:group>
    <xs:complexType name="Bill"><xs:complexContent><xs:extension base="b:Base"><xs:sequence>
      <xs:element ref="Line"/>
      <xs:group ref="Links"/>
      <xs:element name="Ship"><xs:complexType><xs:sequence><xs:element name="City" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  </xs:schema>`,
]);

test.each(['Id', 'sparse', 'MetaData.Created', 'Line.Amount', 'Linked', 'Ship.City'])(
  'a type has what it, its base and its groups declare: %s',
  (path) => expect(schema.has('Bill', path)).toBe(true),
);

test.each(['Name', 'MetaData.Nope', 'Id.Nope', 'Line.City', 'Amount', 'Bill'])(
  'and nothing else: %s',
  (path) => expect(schema.has('Bill', path)).toBe(false),
);

test('an unknown type has nothing', () => {
  expect(schema.has('Invoice', 'Id')).toBe(false);
});
