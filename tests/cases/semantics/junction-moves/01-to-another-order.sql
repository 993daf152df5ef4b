UPDATE order_tags SET order_id = 2 WHERE order_id = 1 AND tag_id = 2;
