INSERT INTO orders_eu VALUES (9, 'eu', 'nine');
UPDATE orders_us_low SET title = 'uno' WHERE id = 1;
DELETE FROM orders_else;
BEGIN;
UPDATE stock SET amount = amount * 10;
UPDATE stock SET product = 'paper' WHERE product = 'pen';
COMMIT;
