UPDATE orders SET region = 'us' WHERE id = 1;
UPDATE orders SET id = 150 WHERE id = 2;
