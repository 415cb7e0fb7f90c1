namespace shop;

/** A column of each type that a service's metadata can tell of. */
entity Orders {
  key SalesOrder         : String(10);
      Customer           : String(80) @title: 'Sold-to Party';
      Note               : LargeString;
      NetAmount          : Decimal(15, 2);
      Items              : Integer;
      Serial             : Int64;
      Weight             : Double;
      Returned           : Boolean;
      Handle             : UUID;
      OrderedOn          : Date;
      OrderedAt          : Time;
      CreatedAt          : DateTime;
      LastChangeDateTime : Timestamp;
}

entity OrderItems {
  key SalesOrder : String(10);
  key Item       : Integer;
      Quantity   : Integer;
}
