ALTER TABLE orders ADD COLUMN more int DEFAULT 3;
ALTER TABLE orders RENAME COLUMN other TO another;
UPDATE orders SET title = 'uno' WHERE id = 1;
