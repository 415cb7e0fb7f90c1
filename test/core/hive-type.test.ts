import { describe, expect, it } from 'vitest';
import { hiveType, parseNestedType } from '../../core/hive-type.ts';

describe('parseNestedType', () => {
  it('reads what hiveType writes', () => {
    const text =
      'struct<id:bigint,on:boolean,n:int,f:float,d:double,s:string,day:date,at:timestamp,raw:binary,' +
      'price:decimal(12,2),tags:array<string>,more:map<string,array<struct<Größe_$1:int>>>>';
    const field = parseNestedType('order', text);
    expect(hiveType(field)).toBe(text);
    expect(field).toEqual({
      name: 'order',
      type: 'Struct',
      inner: [
        { name: 'id', type: 'Long' },
        { name: 'on', type: 'Boolean' },
        { name: 'n', type: 'Integer' },
        { name: 'f', type: 'Float' },
        { name: 'd', type: 'Double' },
        { name: 's', type: 'String' },
        { name: 'day', type: 'Date' },
        { name: 'at', type: 'DateTime' },
        { name: 'raw', type: 'ByteArray' },
        { name: 'price', type: 'BigDecimal', precision: 12, scale: 2 },
        { name: 'tags', type: 'List', inner: [{ name: 'element', type: 'String' }] },
        {
          name: 'more',
          type: 'Map',
          inner: [
            {
              name: 'value',
              type: 'List',
              inner: [{ name: 'element', type: 'Struct', inner: [{ name: 'Größe_$1', type: 'Integer' }] }],
            },
          ],
        },
      ],
    });
  });

  it('takes blanks and letter case as they come, but for members’ names', () => {
    expect(
      hiveType(
        parseNestedType('f', ' Struct < userId : BIGINT ,\n map : map < String , Decimal ( 38 , 0 ) > > '),
      ),
    ).toBe('struct<userId:bigint,map:map<string,decimal(38,0)>>');
  });

  const simple = 'boolean, int, bigint, float, double, string, date, timestamp, binary, decimal(…,…)';
  const nested = 'array<…>, map<string,…>, struct<…>';
  it.each([
    ['', `one of ${nested} at character 1`],
    ['bigint', `one of ${nested} at character 1`],
    ['decimal(4,2)', `one of ${nested} at character 1`],
    ['list<int>', `one of ${nested} at character 1`],
    ['array<varchar(3)>', `one of ${simple}, ${nested} at character 7`],
    ['array<toString>', `one of ${simple}, ${nested} at character 7`],
    ['array', '"<" at character 6'],
    ['array<int', '">" at character 10'],
    ['array<int,int>', '">" at character 10'],
    ['array<int>>', 'nothing more at character 11'],
    ['map<int,string>', '"string" at character 5'],
    ['map<string>', '"," at character 11'],
    ['struct<>', "a member's name (letters, digits, _ and $) at character 8"],
    ['struct<a:int,>', "a member's name (letters, digits, _ and $) at character 14"],
    ['struct<first-name:string>', '":" at character 13'],
    ['struct<a int>', '":" at character 10'],
    ['struct<Id:int,id:string>', 'a name that no other member has, in any case, at character 15'],
    ['array<decimal>', '"(" at character 14'],
    ['array<decimal(39,2)>', 'a number from 1 to 38 at character 15'],
    ['array<decimal(4,5)>', 'a number from 0 to 4 at character 17'],
    ['array<decimal(4)>', '"," at character 16'],
    [
      `${'array<'.repeat(33)}int`,
      'no more than 32 types within each other; the next one is at character 199',
    ],
    ['array<'.repeat(100_000), 'no more than 32 types within each other; the next one is at character 199'],
  ])('refuses %.40s', (text, message) => {
    expect(() => parseNestedType('f', text)).toThrow(new TypeError(message));
  });
});
