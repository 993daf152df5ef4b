ALTER TYPE order_status ADD VALUE 'shipped' BEFORE 'paid';
UPDATE orders SET status = 'shipped' WHERE id = 1;
INSERT INTO orders VALUES (3, 'shipped');
