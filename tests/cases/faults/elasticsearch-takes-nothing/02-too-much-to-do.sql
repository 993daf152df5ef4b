UPDATE lines SET order_id = 2;
DELETE FROM orders WHERE id = 4;
