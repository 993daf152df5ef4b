INSERT INTO lines VALUES (9, 2, 'later');
UPDATE lines SET label = 'changed' WHERE id = 7;
DELETE FROM lines WHERE id = 8;
