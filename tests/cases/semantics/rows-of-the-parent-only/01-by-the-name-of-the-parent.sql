UPDATE events SET title = title || '!';
DELETE FROM events WHERE id = 3;
UPDATE events SET id = id + 10 WHERE id = 1;
INSERT INTO concerts VALUES (2, 1, 'another', DEFAULT, 'Solo');
