UPDATE lines SET order_id = NULL WHERE id IN (10, 11);
