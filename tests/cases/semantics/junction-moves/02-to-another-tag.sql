UPDATE order_tags SET tag_id = 3 WHERE order_id = 1 AND tag_id = 1;
