INSERT INTO lines VALUES (6, 1, 'f');
UPDATE lines SET label = 'C' WHERE id = 3;
