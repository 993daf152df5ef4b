UPDATE orders SET shop_id = 2 WHERE id = 1;
