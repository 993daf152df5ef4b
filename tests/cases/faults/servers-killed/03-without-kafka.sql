INSERT INTO orders VALUES (3, 'again');
UPDATE lines SET order_id = 3 WHERE id < 20;
