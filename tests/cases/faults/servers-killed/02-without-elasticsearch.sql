DELETE FROM lines WHERE order_id = 3;
DELETE FROM orders WHERE id = 3;
UPDATE orders SET title = title || '!' WHERE id % 2 = 0;
