UPDATE orders SET ship_id = bill_id, bill_id = ship_id;
