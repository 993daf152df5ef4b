UPDATE lines SET order_id = 2 WHERE id = 10;
