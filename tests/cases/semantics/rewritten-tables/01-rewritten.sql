UPDATE orders SET title = 'uno' WHERE id = 1;
VACUUM FULL orders;
CLUSTER orders USING orders_pkey;
CREATE INDEX ON orders (title);
ALTER TABLE orders ALTER title SET STORAGE EXTERNAL, SET (fillfactor = 50);
ANALYZE orders;
REINDEX TABLE orders;
INSERT INTO orders VALUES (3, 'three');
