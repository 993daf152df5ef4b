DELETE FROM orders WHERE id = 1;
UPDATE orders SET title = 'FIVE' WHERE id = 5;
