ALTER TABLE orders DETACH PARTITION orders_us;
INSERT INTO orders_us VALUES (9, 'us', 'not one of them');
INSERT INTO orders VALUES (4, 'asia', 'four');
