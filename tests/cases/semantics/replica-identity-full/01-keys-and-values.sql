UPDATE orders SET id = 7 WHERE id = 1;
UPDATE orders SET title = 'due' WHERE id = 2;
UPDATE lines SET order_id = 2 WHERE id = 1;
