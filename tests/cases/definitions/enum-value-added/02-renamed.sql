ALTER TYPE order_status RENAME VALUE 'shipped' TO 'sent';
UPDATE orders SET status = 'open' WHERE id = 3;
