UPDATE orders SET amount = amount * 2 WHERE id = 2;
INSERT INTO orders VALUES (3, 'three', 30);
