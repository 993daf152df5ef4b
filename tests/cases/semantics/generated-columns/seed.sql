INSERT INTO lines (id, quantity, price, name) VALUES (1, 2, 1.25, 'Pen');
