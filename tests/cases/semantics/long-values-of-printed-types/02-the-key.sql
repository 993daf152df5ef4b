UPDATE docs SET id = 7 WHERE id = 1;
UPDATE docs SET n = 9, z = '{}' WHERE id = 2;
UPDATE bits SET id = 7 WHERE id = 1;
