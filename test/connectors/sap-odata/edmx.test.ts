import { expect, test } from 'vitest';
import { readMetadata } from '../../../connectors/sap-odata/edmx.ts';
import { readXml } from '../../../engine/http/xml.ts';

const old = (body: string) =>
  readMetadata(
    readXml(
      `<edmx:Edmx Version="1.0" xmlns:edmx="e" xmlns:sap="s"><edmx:DataServices><Schema Namespace="N">${body}
       <EntityContainer><EntitySet Name="T" EntityType="N.T"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`,
      'X',
    ),
  );
const property = (type: string, more = '') => `<Property Name="P" Type="${type}" ${more}/>`;
const fieldOf = (type: string, more?: string) =>
  old(`<EntityType Name="T">${property(type, more)}</EntityType>`).entitySets[0]?.fields.P;

test.each<[string, string, string, object]>([
  [
    'Edm.String',
    'sap:label="Name" sap:quickinfo="Its name"',
    'Edm.String',
    { type: 'String', label: 'Name', description: 'Its name' },
  ],
  ['Edm.Guid', '', 'Edm.Guid', { type: 'String' }],
  ['Edm.Byte', '', 'Edm.Byte', { type: 'Integer' }],
  ['Edm.Int64', '', 'Edm.Int64', { type: 'Long' }],
  ['Edm.Decimal', 'Precision="15" Scale="2"', 'Edm.Decimal', { type: 'BigDecimal', precision: 15, scale: 2 }],
  ['Edm.Decimal', '', 'Edm.Decimal', { type: 'BigDecimal' }],
  ['Edm.Single', '', 'Edm.Single', { type: 'Float' }],
  ['Edm.DateTime', '', 'Edm.DateTime', { type: 'DateTime', format: 'odataV2' }],
  ['Edm.DateTime', 'sap:display-format="Date"', 'Edm.DateTime', { type: 'Date', format: 'odataV2' }],
  ['Edm.DateTimeOffset', '', 'Edm.DateTimeOffset', { type: 'DateTime', format: 'odataV2' }],
  ['Edm.Time', '', 'Edm.Time', { type: 'Time', format: 'odataV2' }],
  ['Edm.Binary', '', 'Edm.Binary', { type: 'ByteArray' }],
  ['Edm.String', 'sap:filterable="false"', '', { type: 'String' }],
  ['N.Unknown', '', '', { type: 'String' }],
])('%s %s of OData 2', (type, more, compared, field) => {
  expect(fieldOf(type, more)).toEqual({ ...field, facts: { type: compared } });
});

test('media have no value of their own', () => {
  expect(fieldOf('Edm.Stream')).toBeUndefined();
});

test('types of OData 4: inherited, defined, collected, complex, labelled by whatever alias', () => {
  const { version, entitySets } = readMetadata(
    readXml(
      `<edmx:Edmx Version="4.01" xmlns:edmx="e"><edmx:DataServices>
       <Schema Namespace="com.example.shop" Alias="SELF">
         <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32"/></EntityType>
         <EntityType Name="Order" BaseType="SELF.Base">
           <Property Name="Day" Type="Edm.Date"/><Property Name="At" Type="Edm.TimeOfDay"/>
           <Property Name="Moment" Type="Edm.DateTimeOffset"/><Property Name="Span" Type="Edm.Duration"/>
           <Property Name="Net" Type="SELF.Amount"/><Property Name="Any" Type="Edm.Decimal" Scale="variable" Precision="9"/>
           <Property Name="Tags" Type="Collection(Edm.String)"/><Property Name="Where" Type="SELF.Address"/>
           <Property Name="Kind" Type="SELF.Kind"/><Property Name="Own" Type="Edm.String"><Annotation Term="Common.Label" String="Its own"/></Property>
           <NavigationProperty Name="Items" Type="Collection(SELF.Order)"/>
         </EntityType>
         <ComplexType Name="Address"/><EnumType Name="Kind"/><TypeDefinition Name="Amount" UnderlyingType="Edm.Int64"/>
         <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="com.example.shop.Order"/></EntityContainer>
         <Annotations Target="SELF.Order"><Annotation Term="com.sap.vocabularies.Common.v1.Label" String="Order"/></Annotations>
         <Annotations Target="com.example.shop.Order/Day"><Annotation Term="SAP__common.Label" String="On day"/></Annotations>
         <Annotations Target="SELF.Base/Id"><Annotation Term="SAP__common.Label" String="Number"/><Annotation Term="SAP__common.QuickInfo" String="x"/></Annotations>
       </Schema></edmx:DataServices></edmx:Edmx>`,
      'X',
    ),
  );
  expect(version).toBe(4);
  const [orders] = entitySets;
  expect(orders).toMatchObject({
    name: 'Orders',
    label: 'Order',
    key: ['Id'],
    pageable: true,
    tracksChanges: false,
  });
  expect(
    Object.entries(orders?.fields ?? {}).map(([name, { type, label, facts }]) => [
      name,
      type,
      label,
      facts?.type,
    ]),
  ).toEqual([
    ['Id', 'Integer', 'Number', 'Edm.Int32'],
    ['Day', 'Date', 'On day', 'Edm.Date'],
    ['At', 'Time', undefined, 'Edm.TimeOfDay'],
    ['Moment', 'DateTime', undefined, 'Edm.DateTimeOffset'],
    ['Span', 'String', undefined, 'Edm.Duration'],
    ['Net', 'Long', undefined, 'Edm.Int64'],
    ['Any', 'BigDecimal', undefined, 'Edm.Decimal'],
    ['Tags', 'List', undefined, ''],
    ['Where', 'Struct', undefined, ''],
    ['Kind', 'String', undefined, ''],
    ['Own', 'String', 'Its own', 'Edm.String'],
  ]);
  expect(orders?.fields.Any).not.toHaveProperty('scale');
});

test('types that extend each other in a circle end somewhere', () => {
  const { entitySets } = old(
    `<EntityType Name="T" BaseType="N.U">${property('Edm.String')}</EntityType><EntityType Name="U" BaseType="N.T"/>`,
  );
  expect(Object.keys(entitySets[0]?.fields ?? {})).toEqual(['P']);
});
