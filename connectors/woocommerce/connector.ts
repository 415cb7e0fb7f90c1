import {
  alike,
  basic,
  boolean,
  custom,
  date,
  dateTime,
  defineConnector,
  entity,
  type Field,
  type FieldOptions,
  type Fields,
  integer,
  list,
  pageNumber,
  string,
  struct,
} from '#core';

/** WordPress compares texts as the shop's database does, mostly without regard to case: it narrows, the engine compares. */
const narrowed = (param: string) => ({ EQUAL_TO: { param, exact: false } }) as const;

/** A moment of the shop's, as UTC. */
const utc = (options: FieldOptions = {}) => dateTime({ format: 'utcSeconds', ...options });

/** Parameters that go to the vendor as they are. */
function sent(field: (options: FieldOptions) => Field, ...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, field({ filters: { EQUAL_TO: name } })]));
}

const ofLists = sent(string, 'context', 'order', 'orderby', 'search');
const ofPosts = { ...ofLists, ...sent(utc, 'after', 'before') };
const ofTerms = { ...ofLists, ...sent(boolean, 'hide_empty'), ...sent(integer, 'product') };

/**
 * Bounds are exclusive and read as UTC by `dates_are_gmt`; sorted by `modified` and then by ID. All as WooCommerce itself has it:
 * https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/rest-api/Controllers/Version3/class-wc-rest-crud-controller.php
 */
const modified = {
  field: 'date_modified_gmt',
  from: { param: 'modified_after', operator: 'GREATER_THAN' },
  to: 'modified_before',
  order: 'oldestFirst',
} as const;

/** Of full pulls, too: what changes while they last goes to the end, and nothing moves onto pages that were read. */
const oldestFirst = { orderby: 'modified', order: 'asc', dates_are_gmt: 'true' };

export const woocommerce = defineConnector({
  label: 'WooCommerce',
  docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/',
  apiVersion: 'wc/v3',
  baseUrl: '{instanceUrl}/wp-json/wc/v3',
  // A shop runs wherever its owner has put it.
  hosts: ['*'],
  // https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-https
  auth: [
    basic({ label: 'Consumer key and secret', username: '{apiKey}', password: '{apiSecretKey}' }),
    // For servers that hand no Authorization header on.
    custom({
      label: 'Consumer key and secret in the query',
      query: { consumer_key: '{consumerKey}', consumer_secret: '{consumerSecret}' },
    }),
  ],
  validateCredentials: 'GET /products?per_page=1&_fields=id',
  clock: 'GET /products?per_page=1&_fields=id',
  settings: {
    instanceUrl: {
      label: 'Instance URL',
      description: "The shop's address, with a folder if WordPress is in one: https://shop.example.com",
    },
  },
  // https://woocommerce.github.io/woocommerce-rest-api-docs/#pagination
  pagination: pageNumber({
    param: 'page',
    size: { per_page: 100 },
    pages: { header: 'x-wp-totalpages' },
    total: { header: 'x-wp-total' },
  }),
  // https://woocommerce.github.io/woocommerce-rest-api-docs/#errors
  errors: { message: 'message', vendorCode: 'code' },
  entities: {
    coupons: entity({
      label: 'Coupon',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-coupons',
      path: '/coupons',
      query: oldestFirst,
      primaryKey: ['id'],
      mayRepeat: true,
      incremental: modified,
      parameters: ofPosts,
      fields: {
        code: string({ filters: narrowed('code') }),
        date_expires: string({ label: 'Date Expiry' }),
        email_restrictions: list({ label: 'Email Restriction' }),
        exclude_sale_items: boolean({ label: 'Exclude Sale Item' }),
        excluded_product_categories: list({ label: 'Excluded Product Category List' }),
        excluded_product_ids: list({ label: 'Excluded Product ID' }),
        limit_usage_to_x_items: integer({ label: 'Limit Usage To X Item' }),
        product_categories: list({ label: 'Product Category List' }),
        product_ids: list({ label: 'Product ID' }),
        ...alike(string(), 'amount', 'date_expires_gmt', 'description', 'discount_type', 'maximum_amount'),
        ...alike(string(), 'minimum_amount', 'status'),
        ...alike(integer(), 'id', 'usage_count', 'usage_limit', 'usage_limit_per_user'),
        ...alike(boolean(), 'free_shipping', 'individual_use'),
        ...alike(dateTime(), 'date_created', 'date_modified'),
        ...alike(utc(), 'date_created_gmt', 'date_modified_gmt'),
        ...alike(list(), 'meta_data', 'used_by'),
      },
    }),

    coupon_totals: entity({
      label: 'Coupon Total',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-coupons-totals',
      path: '/reports/coupons/totals',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'name', 'slug', 'total'),
      },
    }),

    customer_totals: entity({
      label: 'Customer Total',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-customers-totals',
      path: '/reports/customers/totals',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'name', 'slug', 'total'),
      },
    }),

    orders: entity({
      label: 'Order',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders',
      path: '/orders',
      query: oldestFirst,
      primaryKey: ['id'],
      mayRepeat: true,
      incremental: modified,
      parameters: {
        ...ofPosts,
        ...sent(integer, 'customer', 'dp', 'product'),
      },
      fields: {
        coupon_lines: list({ label: 'Coupon Line' }),
        fee_lines: list({ label: 'Fee Line' }),
        line_items: list({ label: 'Line Item' }),
        refunds: list({ label: 'Refund' }),
        shipping_lines: list({ label: 'Shipping Line' }),
        tax_lines: list({ label: 'Tax Line' }),
        ...alike(string(), 'cart_hash', 'cart_tax', 'created_via', 'currency', 'currency_symbol'),
        ...alike(string(), 'customer_ip_address', 'customer_note', 'customer_user_agent', 'discount_tax'),
        ...alike(string(), 'discount_total', 'number', 'order_key', 'payment_method', 'payment_method_title'),
        ...alike(string(), 'payment_url', 'shipping_tax', 'shipping_total', 'status', 'total', 'total_tax'),
        ...alike(string(), 'transaction_id', 'version'),
        ...alike(integer(), 'customer_id', 'id', 'parent_id'),
        ...alike(boolean(), 'is_editable', 'needs_payment', 'needs_processing', 'prices_include_tax'),
        ...alike(dateTime(), 'date_completed', 'date_created', 'date_modified', 'date_paid'),
        ...alike(utc(), 'date_completed_gmt', 'date_created_gmt', 'date_modified_gmt', 'date_paid_gmt'),
        meta_data: list(),
        ...alike(struct(), 'billing', 'shipping'),
      },
    }),

    order_totals: entity({
      label: 'Order Total',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-orders-totals',
      path: '/reports/orders/totals',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'name', 'slug', 'total'),
      },
    }),

    payment_gateways: entity({
      label: 'Payment Gateway',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-payment-gateways',
      path: '/payment_gateways',
      pagination: 'onePage',
      primaryKey: ['id'],
      fields: {
        method_supports: list({ label: 'Method Support' }),
        post_install_scripts: list({ label: 'Post Install Script' }),
        required_settings_keys: list({ label: 'Required Settings Key' }),
        settings: struct({ label: 'Setting' }),
        ...alike(string(), 'connection_url', 'description', 'id', 'method_description', 'method_title'),
        ...alike(string(), 'settings_url', 'setup_help_text', 'title'),
        order: integer(),
        ...alike(boolean(), 'enabled', 'needs_setup'),
      },
    }),

    products: entity({
      label: 'Product',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-products',
      path: '/products',
      query: oldestFirst,
      primaryKey: ['id'],
      mayRepeat: true,
      incremental: modified,
      parameters: {
        ...ofPosts,
        ...sent(string, 'tag'),
      },
      fields: {
        attributes: list({ label: 'Attribute List' }),
        backorders: string({ label: 'Backorder' }),
        categories: list({ label: 'Category List' }),
        default_attributes: list({ label: 'Default Attribute List' }),
        dimensions: struct({ label: 'Dimension' }),
        downloads: list({ label: 'Download' }),
        featured: boolean({ filters: narrowed('featured') }),
        grouped_products: list({ label: 'Grouped Product List' }),
        has_options: boolean({ label: 'Has Option' }),
        images: list({ label: 'Image List' }),
        jetpack_publicize_connections: list({ label: 'Jetpack Publicize Connection' }),
        cross_sell_ids: list({ label: 'List of Cross Sell ID' }),
        'jetpack-related-posts': list({ label: 'List of Jetpack Related Post' }),
        upsell_ids: list({ label: 'List of Upsell ID' }),
        on_sale: boolean({ filters: narrowed('on_sale') }),
        related_ids: list({ label: 'Related ID' }),
        sku: string({ filters: narrowed('sku') }),
        slug: string({ filters: narrowed('slug') }),
        status: string({ filters: narrowed('status') }),
        stock_status: string({ filters: narrowed('stock_status') }),
        tags: list({ label: 'Tag' }),
        tax_class: string({ filters: narrowed('tax_class') }),
        total_sales: integer({ label: 'Total Sale' }),
        type: string({ filters: narrowed('type') }),
        variations: list({ label: 'Variation List' }),
        ...alike(string(), 'average_rating', 'button_text', 'catalog_visibility', 'description'),
        ...alike(string(), 'external_url', 'name', 'permalink', 'price', 'price_html', 'purchase_note'),
        ...alike(string(), 'regular_price', 'sale_price', 'shipping_class', 'short_description'),
        ...alike(string(), 'tax_status', 'weight'),
        ...alike(integer(), 'download_expiry', 'download_limit', 'id', 'low_stock_amount', 'menu_order'),
        ...alike(integer(), 'parent_id', 'rating_count', 'shipping_class_id', 'stock_quantity'),
        ...alike(boolean(), 'backordered', 'backorders_allowed', 'downloadable', 'jetpack_likes_enabled'),
        ...alike(boolean(), 'jetpack_sharing_enabled', 'manage_stock', 'purchasable', 'reviews_allowed'),
        ...alike(boolean(), 'shipping_required', 'shipping_taxable', 'sold_individually', 'virtual'),
        ...alike(dateTime(), 'date_created', 'date_modified', 'date_on_sale_from', 'date_on_sale_to'),
        ...alike(utc(), 'date_created_gmt', 'date_modified_gmt', 'date_on_sale_from_gmt'),
        date_on_sale_to_gmt: utc(),
        meta_data: list(),
      },
    }),

    product_attributes: entity({
      label: 'Product Attribute',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-product-attributes',
      path: '/products/attributes',
      pagination: 'onePage',
      primaryKey: ['id'],
      parameters: sent(string, 'context'),
      fields: {
        has_archives: boolean({ label: 'Has Archive' }),
        ...alike(string(), 'name', 'order_by', 'slug', 'type'),
        id: integer(),
      },
    }),

    product_attribute_terms: entity({
      label: 'Product Attribute Term',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-attribute-terms',
      parent: 'product_attributes',
      path: '/products/attributes/{product_attributes.id}/terms',
      query: { orderby: 'id', order: 'asc' },
      absent: [404],
      primaryKey: ['attribute_id', 'id'],
      mayRepeat: true,
      parameters: {
        ...ofTerms,
        ...sent(integer, 'parent'),
      },
      fields: {
        attribute_id: integer({ hole: 'product_attributes.id' }),
        slug: string({ filters: narrowed('slug') }),
        ...alike(string(), 'description', 'name'),
        ...alike(integer(), 'count', 'id', 'menu_order'),
      },
    }),

    product_categories: entity({
      label: 'Product Category',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-product-categories',
      path: '/products/categories',
      query: { orderby: 'id', order: 'asc' },
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: ofTerms,
      fields: {
        parent: integer({ filters: narrowed('parent') }),
        slug: string({ filters: narrowed('slug') }),
        ...alike(string(), 'description', 'display', 'name'),
        ...alike(integer(), 'count', 'id', 'menu_order'),
        image: struct(),
      },
    }),

    product_reviews: entity({
      label: 'Product Review',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-product-reviews',
      path: '/products/reviews',
      query: { orderby: 'id', order: 'asc', status: 'all' },
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: ofPosts,
      fields: {
        reviewer_avatar_urls: struct({ label: 'Reviewer Avatar URL' }),
        status: string({ filters: narrowed('status') }),
        ...alike(string(), 'product_name', 'product_permalink', 'review', 'reviewer', 'reviewer_email'),
        ...alike(integer(), 'id', 'product_id', 'rating'),
        verified: boolean(),
        date_created: dateTime(),
        date_created_gmt: utc(),
      },
    }),

    product_shipping_classes: entity({
      label: 'Product Shipping Class',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-product-shipping-classes',
      path: '/products/shipping_classes',
      query: { orderby: 'id', order: 'asc' },
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: ofTerms,
      fields: {
        slug: string({ filters: narrowed('slug') }),
        ...alike(string(), 'description', 'name'),
        ...alike(integer(), 'count', 'id'),
      },
    }),

    product_tags: entity({
      label: 'Product Tag',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-product-tags',
      path: '/products/tags',
      query: { orderby: 'id', order: 'asc' },
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: ofTerms,
      fields: {
        slug: string({ filters: narrowed('slug') }),
        ...alike(string(), 'description', 'name'),
        ...alike(integer(), 'count', 'id'),
      },
    }),

    product_totals: entity({
      label: 'Product Total',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-products-totals',
      path: '/reports/products/totals',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'name', 'slug', 'total'),
      },
    }),

    product_variations: entity({
      label: 'Product Variation',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-product-variations',
      parent: 'products',
      path: '/products/{products.id}/variations',
      query: oldestFirst,
      absent: [404],
      primaryKey: ['product_id', 'id'],
      mayRepeat: true,
      incremental: modified,
      parameters: {
        ...ofPosts,
        ...sent(string, 'max_price', 'min_price', 'slug'),
      },
      fields: {
        product_id: integer({ hole: 'products.id' }),
        backorders: string({ label: 'Backorder' }),
        dimensions: struct({ label: 'Dimension' }),
        downloads: list({ label: 'Download' }),
        attributes: list({ label: 'List of attribute' }),
        on_sale: boolean({ filters: narrowed('on_sale') }),
        sku: string({ filters: narrowed('sku') }),
        status: string({ filters: narrowed('status') }),
        stock_status: string({ filters: narrowed('stock_status') }),
        tax_class: string({ filters: narrowed('tax_class') }),
        ...alike(string(), 'description', 'permalink', 'price', 'regular_price', 'sale_price'),
        ...alike(string(), 'shipping_class', 'tax_status', 'weight'),
        ...alike(integer(), 'download_expiry', 'download_limit', 'id', 'low_stock_amount', 'menu_order'),
        ...alike(integer(), 'shipping_class_id', 'stock_quantity'),
        ...alike(boolean(), 'backordered', 'backorders_allowed', 'downloadable', 'manage_stock'),
        ...alike(boolean(), 'purchasable', 'virtual'),
        ...alike(dateTime(), 'date_created', 'date_modified', 'date_on_sale_from', 'date_on_sale_to'),
        ...alike(utc(), 'date_created_gmt', 'date_modified_gmt', 'date_on_sale_from_gmt'),
        date_on_sale_to_gmt: utc(),
        meta_data: list(),
        image: struct(),
      },
    }),

    reports: entity({
      label: 'Report',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-reports',
      path: '/reports',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'description', 'slug'),
      },
    }),

    review_totals: entity({
      label: 'Review Total',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-reviews-totals',
      path: '/reports/reviews/totals',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'name', 'slug', 'total'),
      },
    }),

    sales_report: entity({
      label: 'Sale Report',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-sales-report',
      path: '/reports/sales',
      pagination: 'onePage',
      primaryKey: ['totals_grouped_by'],
      parameters: {
        ...sent(string, 'context', 'period'),
        ...sent(date, 'date_max', 'date_min'),
      },
      fields: {
        average_sales: string({ label: 'Average Sale' }),
        net_sales: string({ label: 'Net Sale' }),
        totals: struct({ label: 'Total' }),
        total_customers: integer({ label: 'Total Customer' }),
        // An integer by the guide, an amount by the vendor's example.
        total_items: integer({ label: 'Total Item' }),
        total_orders: integer({ label: 'Total Order' }),
        total_refunds: integer({ label: 'Total Refund' }),
        total_sales: string({ label: 'Total Sale' }),
        ...alike(string(), 'total_discount', 'total_shipping', 'total_tax', 'totals_grouped_by'),
      },
    }),

    shipping_methods: entity({
      label: 'Shipping Method',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-shipping-methods',
      path: '/shipping_methods',
      pagination: 'onePage',
      primaryKey: ['id'],
      fields: {
        ...alike(string(), 'description', 'id', 'title'),
      },
    }),

    shipping_zones: entity({
      label: 'Shipping Zone',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-shipping-zones',
      path: '/shipping/zones',
      pagination: 'onePage',
      primaryKey: ['id'],
      fields: {
        name: string(),
        ...alike(integer(), 'id', 'order'),
      },
    }),

    shipping_zone_locations: entity({
      label: 'Shipping Zone Location',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-locations-of-a-shipping-zone',
      parent: 'shipping_zones',
      path: '/shipping/zones/{shipping_zones.id}/locations',
      pagination: 'onePage',
      absent: [404],
      primaryKey: ['zone_id', 'code', 'type'],
      fields: {
        zone_id: integer({ hole: 'shipping_zones.id' }),
        ...alike(string(), 'code', 'type'),
      },
    }),

    shipping_zone_methods: entity({
      label: 'Shipping Zone Method',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-shipping-methods-from-a-shipping-zone',
      parent: 'shipping_zones',
      path: '/shipping/zones/{shipping_zones.id}/methods',
      pagination: 'onePage',
      absent: [404],
      primaryKey: ['zone_id', 'id'],
      fields: {
        zone_id: integer({ hole: 'shipping_zones.id' }),
        settings: struct({ label: 'Setting' }),
        ...alike(string(), 'method_description', 'method_id', 'method_title', 'title'),
        ...alike(integer(), 'id', 'instance_id', 'order'),
        enabled: boolean(),
      },
    }),

    tax_classes: entity({
      label: 'Tax Class',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-tax-classes',
      path: '/taxes/classes',
      pagination: 'onePage',
      primaryKey: ['slug'],
      fields: {
        ...alike(string(), 'name', 'slug'),
      },
    }),

    tax_rates: entity({
      label: 'Tax Rate',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-tax-rates',
      path: '/taxes',
      query: { orderby: 'id', order: 'asc' },
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: sent(string, 'context', 'orderby'),
      fields: {
        class: string({ filters: narrowed('class') }),
        order: integer({ filters: narrowed('order') }),
        ...alike(string(), 'city', 'country', 'name', 'postcode', 'rate', 'state'),
        ...alike(integer(), 'id', 'priority'),
        ...alike(boolean(), 'compound', 'shipping'),
        cities: list(),
        postcodes: list({ label: 'Postcode' }),
      },
    }),

    top_sellers_report: entity({
      label: 'Top Seller Report',
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#retrieve-top-sellers-report',
      path: '/reports/top_sellers',
      pagination: 'onePage',
      primaryKey: ['product_id'],
      parameters: {
        ...sent(string, 'context', 'period'),
        ...sent(date, 'date_max', 'date_min'),
      },
      fields: {
        name: string(),
        ...alike(integer(), 'product_id', 'quantity'),
      },
    }),
  },
});
