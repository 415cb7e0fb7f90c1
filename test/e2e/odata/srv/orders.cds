using shop from '../db/schema';

// A page is never longer, whatever is asked for: so do many of SAP's own services.
@path    : '/sap/opu/odata4/sap/z_orders/0001'
@requires: 'authenticated-user'
@cds.query.limit: { default: 1000, max: 1000 }
service Orders {
  entity SalesOrders as projection on shop.Orders;
  entity SalesOrderItems as projection on shop.OrderItems;
}
