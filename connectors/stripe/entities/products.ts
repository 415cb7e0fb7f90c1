import { alike, boolean, double, entity, integer, list, string, struct } from '#core';
import { amount, byCreation, common, filtered, identity, moment } from './fields.ts';

export const products = {
  coupons: entity({
    label: 'Coupon',
    docs: 'https://docs.stripe.com/api/coupons/list',
    path: '/v1/coupons',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      amount_off: amount(),
      ...alike(integer(), 'duration_in_months', 'max_redemptions', 'times_redeemed'),
      percent_off: double(),
      ...alike(string(), 'currency', 'duration', 'name'),
      valid: boolean(),
      redeem_by: moment(),
    },
  }),

  plans: entity({
    label: 'Plan',
    docs: 'https://docs.stripe.com/api/plans/list',
    path: '/v1/plans',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('product'),
      amount: amount(),
      ...alike(integer(), 'interval_count', 'trial_period_days'),
      ...alike(string(), 'aggregate_usage', 'amount_decimal', 'billing_scheme', 'currency', 'interval'),
      ...alike(string(), 'nickname', 'tiers_mode', 'usage_type'),
      transform_usage: struct(),
      active: boolean({ filters: { EQUAL_TO: 'active' } }),
    },
  }),

  prices: entity({
    label: 'Price',
    docs: 'https://docs.stripe.com/api/prices/list',
    path: '/v1/prices',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('product'),
      unit_amount: amount(),
      ...alike(string(), 'billing_scheme', 'lookup_key', 'nickname', 'tiers_mode', 'unit_amount_decimal'),
      ...alike(struct(), 'custom_unit_amount', 'recurring', 'transform_quantity'),
      active: boolean({ filters: { EQUAL_TO: 'active' } }),
      // A price can have amounts in other currencies, too.
      currency: string({ filters: { EQUAL_TO: { param: 'currency', exact: false } } }),
      tax_behavior: string({ label: 'tax_behaviour' }),
      type: string({ values: ['one_time', 'recurring'], filters: { EQUAL_TO: 'type' } }),
    },
  }),

  products: entity({
    label: 'Product',
    docs: 'https://docs.stripe.com/api/products/list',
    path: '/v1/products',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('url'),
      ...alike(string(), 'default_price', 'description', 'name', 'statement_descriptor', 'tax_code'),
      ...alike(string(), 'type', 'unit_label'),
      updated: moment(),
      package_dimensions: struct(),
      ...alike(list(), 'attributes', 'features', 'images'),
      active: boolean({ filters: { EQUAL_TO: 'active' } }),
      shippable: boolean({ filters: { EQUAL_TO: 'shippable' } }),
    },
  }),

  promotion_codes: entity({
    label: 'Promotion Code',
    docs: 'https://docs.stripe.com/api/promotion_codes/list',
    path: '/v1/promotion_codes',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('customer'),
      ...alike(integer(), 'max_redemptions', 'times_redeemed'),
      expires_at: moment(),
      ...alike(struct(), 'coupon', 'restrictions'),
      // Stripe compares without regard to case.
      code: string({ filters: { EQUAL_TO: { param: 'code', exact: false } } }),
      active: boolean({ filters: { EQUAL_TO: 'active' } }),
    },
  }),

  shipping_rates: entity({
    label: 'Shipping Rate',
    docs: 'https://docs.stripe.com/api/shipping_rates/list',
    path: '/v1/shipping_rates',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...alike(string(), 'display_name', 'tax_behavior', 'tax_code', 'type'),
      ...alike(struct(), 'delivery_estimate', 'fixed_amount'),
      active: boolean({ filters: { EQUAL_TO: 'active' } }),
    },
  }),

  tax_codes: entity({
    label: 'Tax Code',
    docs: 'https://docs.stripe.com/api/tax_codes/list',
    path: '/v1/tax_codes',
    primaryKey: ['id'],
    fields: {
      ...identity,
      ...alike(string(), 'description', 'name'),
    },
  }),

  tax_rates: entity({
    label: 'Tax Rate',
    docs: 'https://docs.stripe.com/api/tax_rates/list',
    path: '/v1/tax_rates',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...alike(double(), 'effective_percentage', 'percentage'),
      ...alike(string(), 'country', 'description', 'display_name', 'jurisdiction', 'state', 'tax_type'),
      active: boolean({ filters: { EQUAL_TO: 'active' } }),
      inclusive: boolean({ filters: { EQUAL_TO: 'inclusive' } }),
    },
  }),
};
