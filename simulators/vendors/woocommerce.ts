import { type Auth, basic } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

/** The shop's clock is two hours ahead of UTC, in milliseconds: what has no `_gmt` is read from it. */
const ahead = 2 * 3600 * 1000;
const gmt = (time: number): string => new Date(time).toISOString().slice(0, 19);
const local = (time: number): string => gmt(time + ahead);

/** The fields of the vendor's own example of an order, and its values where nothing varies. */
function order(record: SimulatedRecord): object {
  const { number, version, createdAt, updatedAt } = record;
  const isPaid = record.pick([true, false]);
  const total = `${record.pick([9, 21, 29])}.35`;
  const person = {
    first_name: 'João',
    last_name: 'Silva',
    company: '',
    address_1: 'Av. Brasil, 432',
    address_2: '',
    city: 'Rio de Janeiro',
    state: 'RJ',
    postcode: '12345-000',
    country: 'BR',
  };
  return {
    id: number,
    parent_id: 0,
    number: String(number),
    order_key: `wc_order_${number}`,
    created_via: record.pick(['checkout', 'rest-api']),
    version: '9.4.2',
    status: record.pick(['pending', 'processing', 'completed', 'on-hold']),
    currency: 'USD',
    date_created: local(createdAt),
    date_created_gmt: gmt(createdAt),
    date_modified: local(updatedAt),
    date_modified_gmt: gmt(updatedAt),
    discount_total: '0.00',
    total,
    total_tax: '1.35',
    prices_include_tax: false,
    customer_id: record.pick([0, 26]),
    customer_note: `version ${version}`,
    billing: { ...person, email: `customer-${number}@example.com`, phone: '' },
    shipping: person,
    payment_method: 'bacs',
    payment_method_title: 'Direct Bank Transfer',
    date_paid: isPaid ? local(updatedAt) : null,
    date_paid_gmt: isPaid ? gmt(updatedAt) : null,
    date_completed: null,
    date_completed_gmt: null,
    meta_data: [{ id: number, key: '_download_permissions_granted', value: 'yes' }],
    line_items: [{ id: number, name: 'Woo Single #1', product_id: 93, quantity: 2, total, meta_data: [] }],
    tax_lines: [],
    shipping_lines: [],
    fee_lines: [],
    coupon_lines: [],
    refunds: record.pick([[], [{ id: number, refund: '', total: '-9.00' }]]),
  };
}

function category(record: SimulatedRecord): object {
  return {
    id: record.number,
    name: `Category ${record.number}`,
    slug: `category-${record.number}`,
    parent: 0,
    description: `version ${record.version}`,
    display: 'default',
    image: null,
    menu_order: 0,
    count: record.pick([0, 4, 36]),
  };
}

interface List {
  readonly collection: string;
  readonly orders: readonly string[];
  readonly orderDefault: string;
  readonly directionDefault: 'asc' | 'desc';
  show(record: SimulatedRecord): object;
}

/** `page` and `per_page` of 10 unless told, at most 100; how many there are stands in headers. What is in the trash is not listed. */
function listed(list: List): (asked: Asked, world: World) => Answer {
  return ({ query }, world) => {
    const page = Number(query.get('page') ?? 1);
    const size = Number(query.get('per_page') ?? 10);
    const by = query.get('orderby') ?? list.orderDefault;
    const direction = query.get('order') ?? list.directionDefault;
    const bounds = boundsOf(query);
    const wrong = [
      ...(page >= 1 && Number.isInteger(page) ? [] : ['page']),
      ...(size >= 1 && size <= 100 && Number.isInteger(size) ? [] : ['per_page']),
      ...(list.orders.includes(by) ? [] : ['orderby']),
      ...(['asc', 'desc'].includes(direction) ? [] : ['order']),
      ...bounds.wrong,
    ];
    if (wrong.length > 0) return refused(400, 'rest_invalid_param', `Invalid parameter(s): ${wrong.join()}`);
    const sign = direction === 'asc' ? 1 : -1;
    const value = ({ number, createdAt, updatedAt }: SimulatedRecord): number =>
      by === 'modified' ? updatedAt : by === 'date' ? createdAt : number;
    const found = world
      .collection(list.collection)
      .live()
      .filter((record) => bounds.holds.every((holds) => holds(record)))
      // Equal values go by ID, in the same direction.
      .sort((a, b) => sign * (value(a) - value(b) || a.number - b.number));
    const fields = query.get('_fields')?.split(',');
    const shown = found.slice((page - 1) * size, page * size).map((record) => {
      const whole = Object.entries(list.show(record));
      return Object.fromEntries(whole.filter(([name]) => fields?.includes(name) ?? true));
    });
    return {
      headers: {
        'x-wp-total': String(found.length),
        'x-wp-totalpages': String(Math.ceil(found.length / size)),
      },
      body: shown,
    };
  };
}

interface Bounds {
  readonly holds: ((record: SimulatedRecord) => boolean)[];
  readonly wrong: string[];
}

/**
 * All exclusive. `dates_are_gmt` chooses what is compared with, not how a bound is read: WordPress takes one with a zone to the
 * shop's clock, and one without as it stands.
 */
function boundsOf(query: URLSearchParams): Bounds {
  const columns = {
    after: 'createdAt',
    before: 'createdAt',
    modified_after: 'updatedAt',
    modified_before: 'updatedAt',
  } as const;
  const isGmt = ['true', '1'].includes(query.get('dates_are_gmt') ?? '');
  const found: Bounds = { holds: [], wrong: [] };
  for (const [param, column] of Object.entries(columns)) {
    const given = query.get(param);
    if (given === null) continue;
    const [, plain, zone] =
      /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/.exec(given) ?? [];
    if (plain === undefined) {
      found.wrong.push(param);
      continue;
    }
    const bound = zone === undefined ? Date.parse(`${plain}Z`) : Date.parse(plain + zone) + ahead;
    const own = (record: SimulatedRecord): number => record[column] + (isGmt ? 0 : ahead);
    found.holds.push(
      param.endsWith('after') ? (record) => own(record) > bound : (record) => own(record) < bound,
    );
  }
  return found;
}

function refused(status: number, code: string, message: string): Answer {
  return { status, body: { code, message, data: { status } } };
}

/** WooCommerce itself counts no requests: who says that there are too many, or that the shop is down, is the server before it. */
function refuse(status: number, retryAfterSeconds?: number): Answer {
  if (status === 401)
    return refused(401, 'woocommerce_rest_cannot_view', 'Sorry, you cannot list resources.');
  if (status === 404)
    return refused(404, 'rest_no_route', 'No route was found matching the URL and request method.');
  if (status === 500)
    return refused(500, 'internal_server_error', 'There has been a critical error on this website.');
  const title = status === 429 ? '429 Too Many Requests' : `${status} Service Temporarily Unavailable`;
  return {
    status,
    headers: {
      'content-type': 'text/html',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
  };
}

const key = 'ck_simulated_8f2c';
const secret = 'cs_simulated_d41b77';

/** In place of the header, for servers that hand none on. WooCommerce takes both over https alone; here that has come off before. */
const inQuery: Auth = {
  name: 'custom',
  credentials: { consumerKey: key, consumerSecret: secret },
  accepts: ({ query }) => query.get('consumer_key') === key && query.get('consumer_secret') === secret,
};

export const woocommerce: Vendor = {
  connector: 'WooCommerce',
  docs: [
    'https://woocommerce.github.io/woocommerce-rest-api-docs/',
    'https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/rest-api/Controllers/Version3/class-wc-rest-crud-controller.php',
    'https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-rest-authentication.php',
    'https://github.com/WordPress/wordpress-develop/blob/trunk/src/wp-includes/class-wp-date-query.php',
  ],
  settings: { instanceUrl: 'https://shop.example.com' },
  basePath: '/wp-json/wc/v3',
  auth: [basic({ apiKey: key, apiSecretKey: secret }, { name: 'basic', pair: [key, secret] }), inQuery],
  // Of a host.
  rateLimits: [{ requests: 300, seconds: 60 }],
  collections: {
    orders: {},
    // By numbered pages, without a time: one that goes meanwhile hides another, which no client can know.
    categories: { deletes: 0 },
  },
  routes: {
    // A shop that has yet to list what it sells: a connection is tested by this.
    'GET /wp-json/wc/v3/products': () => ({
      headers: { 'x-wp-total': '0', 'x-wp-totalpages': '0' },
      body: [],
    }),
    'GET /wp-json/wc/v3/orders': listed({
      collection: 'orders',
      orders: ['date', 'id', 'include', 'title', 'slug', 'modified'],
      orderDefault: 'date',
      directionDefault: 'desc',
      show: order,
    }),
    'GET /wp-json/wc/v3/products/categories': listed({
      collection: 'categories',
      orders: ['id', 'include', 'name', 'slug', 'term_group', 'description', 'count'],
      orderDefault: 'name',
      directionDefault: 'asc',
      show: category,
    }),
  },
  refuse,
  flows: [
    {
      entityName: 'orders',
      collection: 'orders',
      sees: 'changes',
      identify: ({ id, customer_note: note }) => numbered(id, note),
    },
    {
      entityName: 'product_categories',
      collection: 'categories',
      sees: 'all',
      identify: ({ id, description }) => numbered(id, description),
    },
  ],
};
