ALTER TABLE lines ALTER price TYPE text USING '€' || price;
ALTER TABLE lines ALTER price TYPE numeric(6, 1) USING trim(price, '€')::numeric / 2;
ALTER TABLE orders RENAME spare TO other;
ALTER TABLE orders DROP COLUMN kind;
INSERT INTO lines VALUES (3, 2, 0);
DELETE FROM orders WHERE id = 3;
