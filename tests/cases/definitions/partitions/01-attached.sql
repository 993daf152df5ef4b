ALTER TABLE orders ATTACH PARTITION orders_asia FOR VALUES IN ('asia');
UPDATE orders SET title = 'uno' WHERE id = 1;
