INSERT INTO orders VALUES (3, 'three', 30, 0);
ALTER TABLE orders ALTER amount TYPE numeric(10, 2) USING amount / 4.0, ADD COLUMN kind text DEFAULT 'plain';
UPDATE orders SET amount = 1.25 WHERE id = 3;
