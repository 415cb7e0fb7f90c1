import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowResourceName, physicalName, secretName, stateBucketName } from '../../core/physical-name.ts';

describe('physical names', () => {
  it('are what they were: a changed name replaces what it names', () => {
    expect(physicalName('orders')).toBe('orders-1c168adb');
    expect(flowResourceName('CRM contacts@eu!v2')).toBe('tributary-CRM-contacts-eu-v2-ba3f028b');
    expect(secretName('sf/prod')).toBe('tributary/sf-prod-4012bd17');
    expect(stateBucketName('123456789012', 'ap-southeast-1')).toBe(
      'tributary-state-123456789012-ap-southeast-1',
    );
  });

  it('fit everywhere, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }), (name) => {
        const made = flowResourceName(name);
        expect(made).toMatch(/^tributary-[A-Za-z0-9-]+$/);
        expect(made.length).toBeLessThanOrEqual(59);
      }),
    );
  });

  it('differ where only the end, the case or a sign differs', () => {
    const long = 'x'.repeat(60);
    const names = ['a-b', 'a.b', 'A-b', 'a_b', `${long}1`, `${long}2`];
    expect(new Set(names.map(physicalName)).size).toBe(names.length);
  });
});
