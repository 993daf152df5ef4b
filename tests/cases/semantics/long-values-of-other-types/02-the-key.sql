UPDATE docs SET id = 7 WHERE id = 1;
UPDATE docs SET n = 9, h = 'a=>b' WHERE id = 2;
