UPDATE orders SET customer_id = 2 WHERE id = 1;
UPDATE customers SET name = 'Ada L.' WHERE id = 1;
