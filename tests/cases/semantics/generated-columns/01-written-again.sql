UPDATE lines SET quantity = 3, name = 'RED' WHERE id = 1;
INSERT INTO lines (id, quantity, name) VALUES (2, 1, NULL);
