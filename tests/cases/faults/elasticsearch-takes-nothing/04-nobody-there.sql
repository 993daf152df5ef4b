INSERT INTO orders VALUES (5, 'five');
UPDATE lines SET order_id = 5 WHERE id = 1;
